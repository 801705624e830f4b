package calltree_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
)

// drawTraces draws few IDs, services and times, so that much collides: spans
// that share IDs, circles, orphans, links to anything.
func drawTraces(t *rapid.T) ptrace.Traces {
	td := ptrace.NewTraces()
	ids := rapid.IntRange(2, 12).Draw(t, "ids")
	traces := rapid.IntRange(1, 2).Draw(t, "traces")
	for range rapid.IntRange(1, 24).Draw(t, "spans") {
		service := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "service")
		treescript.AddSpan(td, service, drawSpan(t, traces, ids))
	}
	return td
}

func drawSpan(t *rapid.T, traces, ids int) ptrace.Span {
	s := ptrace.NewSpan()
	s.SetTraceID(drawTrace(t, traces))
	s.SetSpanID(drawID(t, 1, ids))
	s.SetParentSpanID(drawID(t, 0, ids))
	s.SetKind(ptrace.SpanKind(rapid.IntRange(0, 5).Draw(t, "kind")))
	s.SetName(rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "name"))
	s.SetStartTimestamp(drawTime(t))
	s.SetEndTimestamp(drawTime(t))
	if rapid.Bool().Draw(t, "failed") {
		s.Status().SetCode(ptrace.StatusCodeError)
	}
	if rapid.Bool().Draw(t, "http") {
		s.Attributes().PutStr("http.request.method", "GET")
	}
	if s.Kind() == ptrace.SpanKindConsumer {
		for range rapid.IntRange(0, 3).Draw(t, "links") {
			l := s.Links().AppendEmpty()
			l.SetTraceID(drawTrace(t, traces))
			l.SetSpanID(drawID(t, 0, ids))
		}
	}
	return s
}

func drawTrace(t *rapid.T, traces int) (id pcommon.TraceID) {
	id[15] = byte(rapid.IntRange(1, traces).Draw(t, "trace"))
	return id
}

func drawID(t *rapid.T, from, to int) (id pcommon.SpanID) {
	id[7] = byte(rapid.IntRange(from, to).Draw(t, "id"))
	return id
}

func drawTime(t *rapid.T) pcommon.Timestamp {
	return pcommon.Timestamp(rapid.IntRange(0, 4).Draw(t, "time")) * pcommon.Timestamp(time.Millisecond)
}

// unique leaves the first of the spans that share ID and kind: the others may
// have other content, and which one comes first is chance.
func unique(td ptrace.Traces) ptrace.Traces {
	out := ptrace.NewTraces()
	for _, s := range newOracle(td).spans {
		treescript.AddSpan(out, s.service.Name, s.Span)
	}
	return out
}

// TestCallsAreThoseOfTheRules compares with the oracle.
func TestCallsAreThoseOfTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		td := drawTraces(t)
		require.ElementsMatch(t, newOracle(td).calls(), calltree.Calls(td))
	})
}

// TestAnySplitGivesTheSameCalls delivers a set of spans in any batches, in any
// order, with repetitions, asking at any time: what is settled is the same.
func TestAnySplitGivesTheSameCalls(t *testing.T) { rapid.Check(t, splitGivesTheSameCalls) }

func splitGivesTheSameCalls(t *rapid.T) {
	td := unique(drawTraces(t))
	j := calltree.NewJoiner(calltree.Options{})
	yielded := deliver(t, j, td)
	requireNoDebts(t, yielded)
	got := calltree.Settled(yielded)
	for i := range got {
		got[i].Arrival = time.Time{}
	}
	require.ElementsMatch(t, calltree.Calls(td), got)
	require.Zero(t, j.Stats().Held)
	require.Zero(t, calltree.Leaks(j))
}

func deliver(t *rapid.T, j *calltree.Joiner, td ptrace.Traces) (yielded []callgraph.Call) {
	spans := newOracle(td).spans
	order := rapid.Permutation(slices.Concat(spans, spans[:rapid.IntRange(0, len(spans)).Draw(t, "repeated")])).Draw(t, "order")
	now := treescript.Epoch
	ask := func() { yielded = append(yielded, j.Expire(now)...) }
	for len(order) > 0 {
		n := rapid.IntRange(1, len(order)).Draw(t, "batch")
		batch := ptrace.NewTraces()
		for _, s := range order[:n] {
			treescript.AddSpan(batch, s.service.Name, s.Span)
		}
		order = order[n:]
		j.Add(batch, now)
		if rapid.Bool().Draw(t, "ask") {
			ask()
		}
		wait := rapid.IntRange(0, 1500).Draw(t, "wait")
		if later := now.Add(time.Duration(wait) * time.Millisecond); later.Before(treescript.Epoch.Add(calltree.DefaultWindow)) {
			now = later
		}
	}
	for range 200 {
		ask()
		now = now.Add(time.Second / 2)
	}
	return yielded
}

// requireNoDebts: a retraction takes back what was yielded before it.
func requireNoDebts(t require.TestingT, yielded []callgraph.Call) {
	open := map[callgraph.Call]int{}
	for _, c := range yielded {
		if !c.Retracted {
			open[c]++
			continue
		}
		c.Retracted = false
		require.Positive(t, open[c], "%s was never yielded", c.Edge)
		open[c]--
	}
}

// TestTreeHasEverySpanOnce for any spans, duplicates and circles included.
func TestTreeHasEverySpanOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { requireTree(t, drawTraces(t)) })
}

func requireTree(t require.TestingT, td ptrace.Traces) {
	tree := calltree.Build(td)
	require.Equal(t, td.SpanCount(), tree.Len())
	seen := map[*calltree.Node]bool{}
	for depth, n := range tree.Walk() {
		require.False(t, seen[n])
		require.Equal(t, n.Parent == nil, depth == 0)
		seen[n] = true
	}
	require.Len(t, seen, td.SpanCount())
}

// TestFullJoinerLosesNoCall: beyond MaxSpans spans go early, pairs may be
// missed, but every span still yields its part.
func TestFullJoinerLosesNoCall(t *testing.T) {
	j := calltree.NewJoiner(calltree.Options{MaxSpans: 100})
	calls, now := 0, treescript.Epoch
	for i := range 1000 {
		td := ptrace.NewTraces()
		s := ptrace.NewSpan()
		s.SetTraceID(randomTrace(uint64(i) + 1))
		s.SetSpanID(pcommon.SpanID{1})
		s.SetParentSpanID(pcommon.SpanID{2})
		s.SetKind(ptrace.SpanKindServer)
		treescript.AddSpan(td, "web", s)
		j.Add(td, now)
		require.LessOrEqual(t, j.Stats().Held, 102)
	}
	calls += len(j.Expire(now))
	calls += len(j.Expire(now.Add(time.Minute)))
	require.Equal(t, 1000, calls)
	require.Positive(t, j.Stats().ExpiredEarly)
}

// TestLinksAreBounded: a consumer's links beyond 128 are refused and counted.
func TestLinksAreBounded(t *testing.T) {
	s := ptrace.NewSpan()
	s.SetTraceID(randomTrace(1))
	s.SetSpanID(pcommon.SpanID{1})
	s.SetKind(ptrace.SpanKindConsumer)
	for i := range 1000 {
		l := s.Links().AppendEmpty()
		l.SetTraceID(randomTrace(uint64(i) + 2))
		l.SetSpanID(pcommon.SpanID{1})
	}
	td := ptrace.NewTraces()
	treescript.AddSpan(td, "mail", s)
	calls, stats := join(t, []ptrace.Traces{td})
	require.Len(t, calls, 128)
	require.EqualValues(t, 872, stats.RefusedLinks)
}

// TestNamesAreBounded: operations beyond a quarter of MaxSpans are one, and
// long or broken names are made short and valid.
func TestNamesAreBounded(t *testing.T) {
	j := calltree.NewJoiner(calltree.Options{MaxSpans: 8000})
	for i := range 4000 {
		td := ptrace.NewTraces()
		s := shapeSpan(i+1, 0, ptrace.SpanKindServer)
		s.SetName(fmt.Sprintf("GET /user/%d %s\xff", i, strings.Repeat("é", 300)))
		treescript.AddSpan(td, "web", s)
		j.Add(td, treescript.Epoch)
	}
	operations := map[string]int{}
	for _, c := range j.Expire(treescript.Epoch) {
		require.LessOrEqual(t, len(c.Edge.Callee.Name), 512)
		require.True(t, utf8.ValidString(c.Edge.Callee.Name))
		operations[c.Edge.Callee.Name]++
	}
	require.Len(t, operations, 2001)
	require.Equal(t, 2000, operations["(other)"])
	require.EqualValues(t, 2000, j.Stats().OverflowedNames)
}

func randomTrace(seed uint64) (id pcommon.TraceID) {
	r := rand.New(rand.NewPCG(seed, seed))
	binary.BigEndian.PutUint64(id[:8], r.Uint64())
	binary.BigEndian.PutUint64(id[8:], r.Uint64())
	return id
}
