package dependency

import (
	"cmp"
	"hash/maphash"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// span is what is held of a span.
type span struct {
	id, parent [8]byte
	start, end int64 // Unix nanoseconds
	to         *callee
	root       *root
	next       int32  // member of the same local trace
	of         int32  // its local root, noRoot where it is not known
	stuck      uint32 // the pass of link that found no root above it
	kind       spanfact.Kind
	result     strength.Result
	class      strength.Class
	flags      flags
}

type flags uint8

const (
	injected flags = 1 << iota
	outer          // an exit span over another one: no call of its own
)

const noRoot int32 = -1

// root is what a local root says besides.
type root struct {
	operation *operation
	head      localtrace.Head
	stated    int64 // spans; below 0: not stated
	dropped   int64
	entrance  bool
	outcome   callgraph.Outcome

	members int64 // that ended with it
	first   int32 // the member that came last, noRoot: none
	judged  bool
	passed  bool      // without evidence
	late    []*callee // called, ended later, and came after it was judged
}

// seen is a span as it arrives. Its strings point into pdata.
type seen struct {
	span
	trace   [16]byte
	service *service
	name    string
	peer    spanfact.Peer
	over    callgraph.Connection
	hash    uint64 // of what it is to be known by
	begins  root   // where span.root is not nil
}

// service is the resource that spans came with.
type service struct {
	callgraph.Service
	hash uint64
}

// reader reads spans.
type reader struct {
	seed     maphash.Seed
	injected []string
}

func (r *reader) read(td ptrace.Traces, to []seen) []seen {
	for _, resource := range td.ResourceSpans().All() {
		s := &service{Service: calltree.ServiceOf(resource.Resource())}
		s.hash = uint64(callgraph.HashNames(s.Environment, s.Namespace, s.Name))
		for _, scope := range resource.ScopeSpans().All() {
			for _, one := range scope.Spans().All() {
				if !one.TraceID().IsEmpty() && !one.SpanID().IsEmpty() {
					to = append(to, seen{})
					r.readSpan(one, s, &to[len(to)-1])
				}
			}
		}
	}
	return to
}

func (r *reader) readSpan(from ptrace.Span, of *service, s *seen) {
	s.trace, s.service, s.name = from.TraceID(), of, callgraph.ClipName(from.Name())
	s.id, s.parent = from.SpanID(), from.ParentSpanID()
	s.start, s.end = int64(from.StartTimestamp()), int64(from.EndTimestamp())
	s.kind, s.of, s.next = kindOf(from.Kind()), noRoot, noRoot
	s.begins.stated = -1
	f := spanfact.New(s.kind)
	for key, value := range from.Attributes().All() {
		if f.Speaks(key) {
			calltree.Note(&f, key, value)
		}
		r.own(s, key, value)
	}
	calltree.NoteExceptions(&f, from)
	r.judge(s, &f, from)
}

// own reads our attributes and those that mark what was injected.
func (r *reader) own(s *seen, key string, v pcommon.Value) {
	for _, k := range r.injected {
		if key == k && localtrace.Marks(v) {
			s.flags |= injected
		}
	}
	if len(key) < 4 || key[:4] != "jcg." || v.Type() != pcommon.ValueTypeInt {
		return
	}
	switch key {
	case callgraph.AttributeLocalSpans:
		s.begins.stated = cmp.Or(max(v.Int(), 0), math.MaxInt64) // it ended at least itself: else it is never whole
	case callgraph.AttributeLocalDropped:
		s.begins.dropped = v.Int()
	}
}

func (r *reader) judge(s *seen, f *spanfact.Facts, from ptrace.Span) {
	status := calltree.StatusOf(from)
	outcome, _ := f.Outcome(status)
	if s.kind.Exit() {
		s.result, s.class = strength.ResultOf(f, status)
		s.peer, s.over = f.Peer().Clip(), f.Connection()
		s.hash = s.peer.Hash(r.seed) ^ maphash.String(r.seed, s.name)*3 ^ uint64(s.over)
	}
	if s.kind.Entry() || s.parent == [8]byte{} || s.begins.stated >= 0 {
		s.begins.outcome, s.begins.first = outcome, noRoot
		s.begins.entrance = s.parent == [8]byte{}
		s.begins.head = localtrace.HeadOf(from)
		s.root = &s.begins
	}
}

func kindOf(k ptrace.SpanKind) spanfact.Kind {
	if k < 0 || k > ptrace.SpanKindConsumer {
		return spanfact.Unspecified
	}
	return spanfact.Kind(k)
}
