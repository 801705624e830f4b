package sdk

import (
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

var _ tracecontext.Sender = (*span)(nil)

// Outgoing is what the span sends along with a request: the trace, how it is
// sampled, and for destinations that may know it which call this is.
func (s *span) Outgoing() tracecontext.Outgoing {
	r := s.root
	out := tracecontext.Outgoing{TraceID: r.traceID, SpanID: s.id, Flags: s.traceFlags()}
	if r.origin != nil {
		out.State = r.origin.ot
		if r.origin.parent != nil {
			out.Foreign = r.origin.parent.Foreign()
		}
	}
	head := r.head()
	out.State.HasThreshold, out.State.Threshold = head.Sampled && head.Weighted, head.Threshold
	if s.provider.edges == nil {
		out.Trusted = true
		return out
	}
	s.tellCall(&out)
	return out
}

// tellCall names the call to the callee. From then on the span's site stays
// what the callee was told.
func (s *span) tellCall(out *tracecontext.Outgoing) {
	f := spanfact.New(spanfact.Kind(s.traits.kind()))
	s.mu.Lock()
	if s.body != nil {
		s.body.tell(&f)
	}
	name := s.name
	s.mu.Unlock()
	out.Trusted = s.provider.edges.trusts(&f)
	if !out.Trusted {
		return
	}
	out.HasEntry = true
	out.Entry = s.root.entryFor()
	if isExit(s.traits.kind()) {
		out.Entry.Counted = s.traits&traitCounted != 0
		out.Entry.Site = s.pinSite(&f, name)
	}
}

// pinSite fixes the site of the call. A span that ended has one already.
func (s *span) pinSite(f *spanfact.Facts, name string) callgraph.StaticID {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flags&(flagEnded|flagTold) == 0 {
		s.site = s.provider.siteOf(f, name)
		s.flags |= flagTold
	}
	if s.site == nil {
		return 0
	}
	return s.site.ID()
}

// entryFor names the entrance and the caller of a call from the local trace.
func (r *localRoot) entryFor() (e callgraph.StateEntry) {
	e.Caller = r.tell()
	switch {
	case r.origin == nil || r.origin.parent == nil:
		e.Entrance = e.Caller
	case r.origin.hasEntry:
		e.Entrance = r.origin.entry.Entrance
	}
	return e
}
