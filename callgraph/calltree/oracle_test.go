package calltree_test

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
)

// An oracle finds the calls of a set of spans by the package's rules, as
// plainly as they are written down: every question looks at every span.
type oracle struct{ spans []*oracleSpan }

type oracleSpan struct {
	ptrace.Span
	service callgraph.Service
}

func newOracle(td ptrace.Traces) *oracle {
	o := &oracle{}
	for _, n := range treeNodes(td) {
		s := &oracleSpan{n.Span, n.Service}
		if !s.TraceID().IsEmpty() && !s.SpanID().IsEmpty() && !slices.ContainsFunc(o.spans, s.same) {
			o.spans = append(o.spans, s)
		}
	}
	return o
}

func treeNodes(td ptrace.Traces) (nodes []*calltree.Node) {
	for _, r := range td.ResourceSpans().All() {
		for _, scope := range r.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				nodes = append(nodes, &calltree.Node{Span: span, Service: calltree.ServiceOf(r.Resource())})
			}
		}
	}
	return nodes
}

func (s *oracleSpan) same(o *oracleSpan) bool {
	return s.TraceID() == o.TraceID() && s.SpanID() == o.SpanID() && s.Kind() == o.Kind()
}

func (s *oracleSpan) entry() bool {
	return s.Kind() == ptrace.SpanKindServer || s.Kind() == ptrace.SpanKindConsumer
}

func (s *oracleSpan) exit() bool {
	return s.Kind() == ptrace.SpanKindClient || s.Kind() == ptrace.SpanKindProducer
}

func (s *oracleSpan) root() bool { return s.ParentSpanID().IsEmpty() }

// named are the spans of an ID but for s, by falling rank.
func (o *oracle) named(s *oracleSpan, trace pcommon.TraceID, id pcommon.SpanID) (found []*oracleSpan) {
	for _, n := range o.spans {
		if n != s && !id.IsEmpty() && n.TraceID() == trace && n.SpanID() == id {
			found = append(found, n)
		}
	}
	order := []ptrace.SpanKind{
		ptrace.SpanKindServer, ptrace.SpanKindConsumer, ptrace.SpanKindInternal, ptrace.SpanKindUnspecified,
		ptrace.SpanKindProducer, ptrace.SpanKindClient,
	}
	slices.SortFunc(found, func(a, b *oracleSpan) int {
		return cmp.Compare(slices.Index(order, a.Kind()), slices.Index(order, b.Kind()))
	})
	return found
}

func first(spans []*oracleSpan, accept func(*oracleSpan) bool) *oracleSpan {
	if i := slices.IndexFunc(spans, accept); i >= 0 {
		return spans[i]
	}
	return nil
}

func anySpan(*oracleSpan) bool { return true }

// above is the span that an entry span is under.
func (o *oracle) above(s *oracleSpan) *oracleSpan {
	twins := o.named(s, s.TraceID(), s.SpanID())
	matching := first(twins, func(n *oracleSpan) bool {
		return n.Kind() == ptrace.SpanKindClient && s.Kind() == ptrace.SpanKindServer ||
			n.Kind() == ptrace.SpanKindProducer && s.Kind() == ptrace.SpanKindConsumer
	})
	if matching == nil {
		matching = first(twins, (*oracleSpan).exit)
	}
	if matching == nil {
		matching = first(o.named(s, s.TraceID(), s.ParentSpanID()), anySpan)
	}
	return matching
}

// worksFor is the operation that a span is a part of.
func (o *oracle) worksFor(s *oracleSpan) callgraph.Operation {
	if s.entry() {
		return s.operation()
	}
	seen := []*oracleSpan{}
	for top := s; ; {
		if slices.Contains(seen, top) {
			return s.operation()
		}
		seen = append(seen, top)
		up := first(o.named(top, s.TraceID(), top.ParentSpanID()), func(n *oracleSpan) bool { return n.service == s.service })
		switch {
		case up == nil:
			return top.operation()
		case up.entry():
			return up.operation()
		}
		top = up
	}
}

func (s *oracleSpan) operation() callgraph.Operation {
	return callgraph.Operation{Service: s.service, Name: s.Name()}
}

// message is a link that counts: from is nil where its target never came.
type message struct {
	consumer, from *oracleSpan
}

// messages of a consumer, each target once.
func (o *oracle) messages(s *oracleSpan) (found []message) {
	if s.Kind() != ptrace.SpanKindConsumer {
		return nil
	}
	type target struct {
		trace pcommon.TraceID
		span  pcommon.SpanID
	}
	seen := []target{{s.TraceID(), s.SpanID()}, {s.TraceID(), s.ParentSpanID()}}
	for _, l := range s.Links().All() {
		t := target{l.TraceID(), l.SpanID()}
		if l.TraceID().IsEmpty() || l.SpanID().IsEmpty() || slices.Contains(seen, t) {
			continue
		}
		seen = append(seen, t)
		spans := o.named(s, t.trace, t.span)
		producer := first(spans, func(n *oracleSpan) bool { return n.Kind() == ptrace.SpanKindProducer })
		if producer != nil || len(spans) == 0 {
			found = append(found, message{s, producer})
		}
	}
	return found
}

// servers are the entry spans that an exit span caused, the first one first.
func (o *oracle) servers(exit *oracleSpan) (found []*oracleSpan) {
	for _, s := range o.spans {
		if !s.entry() {
			continue
		}
		linked := slices.ContainsFunc(o.messages(s), func(m message) bool { return m.from == exit })
		if o.above(s) == exit || linked {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b *oracleSpan) int {
		x, y, t, u := a.SpanID(), b.SpanID(), a.TraceID(), b.TraceID()
		return cmp.Or(cmp.Compare(a.begin(), b.begin()), bytes.Compare(x[:], y[:]), cmp.Compare(a.Kind(), b.Kind()), bytes.Compare(t[:], u[:]))
	})
	return found
}

func (s *oracleSpan) begin() pcommon.Timestamp {
	if s.StartTimestamp() == 0 {
		return s.EndTimestamp()
	}
	return s.StartTimestamp()
}

func (s *oracleSpan) end() pcommon.Timestamp { return max(s.begin(), s.EndTimestamp()) }

func (o *oracle) calls() (calls []callgraph.Call) {
	for _, s := range o.spans {
		if s.entry() {
			calls = append(calls, o.entryCalls(s)...)
			continue
		}
		if s.root() {
			c := s.serverOnly(callgraph.Operation{Node: callgraph.Outside})
			if s.exit() {
				c.Edge.Connection = callgraph.ConnectionUnset
			}
			calls = append(calls, c)
		}
		if s.exit() {
			calls = append(calls, o.exitCalls(s)...)
		}
	}
	return calls
}

func (o *oracle) exitCalls(s *oracleSpan) []callgraph.Call {
	c := s.call(o.worksFor(s), s.half(), callgraph.Half{})
	servers := o.servers(s)
	if len(servers) == 0 {
		inner := slices.ContainsFunc(o.spans, func(n *oracleSpan) bool {
			return n != s && n.exit() && n.service == s.service && n.TraceID() == s.TraceID() && n.ParentSpanID() == s.SpanID()
		})
		if inner {
			return nil
		}
		c.Edge.Callee = calltree.PeerOf(s.Span, s.service)
		return []callgraph.Call{c}
	}
	server := servers[0]
	c.Edge.Callee, c.Server = server.operation(), server.half()
	if c.Edge.Connection == callgraph.ConnectionUnset {
		c.Edge.Connection = calltree.ConnectionOf(server.Span)
	}
	if c.Edge.Connection == callgraph.Messaging && server.begin() > s.end() {
		c.Queue = time.Duration(server.begin() - s.end())
	}
	return []callgraph.Call{c}
}

func (o *oracle) entryCalls(s *oracleSpan) (calls []callgraph.Call) {
	above := o.above(s)
	messages := o.messages(s)
	within := above != nil && above.Kind() == ptrace.SpanKindConsumer && above.service == s.service
	for _, m := range messages {
		switch {
		case m.from != nil && !within && o.servers(m.from)[0] != s:
			calls = append(calls, s.serverOnly(o.worksFor(m.from)))
		case m.from == nil && !within && (above == nil || !above.exit()):
			calls = append(calls, s.serverOnly(callgraph.Operation{Node: callgraph.Unknown}))
		}
	}
	switch {
	case above == nil && len(messages) > 0:
	case above == nil && s.root():
		calls = append(calls, s.serverOnly(callgraph.Operation{Node: callgraph.Outside}))
	case above == nil:
		calls = append(calls, s.serverOnly(callgraph.Operation{Node: callgraph.Unknown}))
	case above.exit() && o.servers(above)[0] == s:
	case above.exit(), above.service != s.service && len(messages) == 0:
		calls = append(calls, s.serverOnly(o.worksFor(above)))
	}
	return calls
}

func (s *oracleSpan) half() callgraph.Half {
	outcome, _ := calltree.Outcome(s.Span)
	return callgraph.Half{Seen: true, Outcome: outcome, Duration: time.Duration(s.end() - s.begin())}
}

func (s *oracleSpan) serverOnly(caller callgraph.Operation) callgraph.Call {
	c := s.call(caller, callgraph.Half{}, s.half())
	c.Edge.Callee = s.operation()
	return c
}

func (s *oracleSpan) call(caller callgraph.Operation, client, server callgraph.Half) callgraph.Call {
	return callgraph.Call{
		Edge:          callgraph.Edge{Caller: caller, Connection: calltree.ConnectionOf(s.Span)},
		End:           s.end().AsTime(),
		Client:        client,
		Server:        server,
		Weight:        1,
		WeightUnknown: true,
	}
}
