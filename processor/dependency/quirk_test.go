package dependency_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/internal/textcase"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// TestQuirks runs testdata: blocks of a script, then the verdicts of the call
// sites. A block begins with how often it happens, ×N, and how its traces were
// kept: "sampled" (at the head, one in two), "kept" (for what failed in them),
// "stormed" (thinned out with what failed), "both", or "stock" (by an SDK that
// says nothing of it). Local roots state how many spans there were, but for
// "stock" ones; a span with lost=true does not arrive. A first line
// "assume complete" sets that option.
func TestQuirks(t *testing.T) {
	textcase.Run(t, "testdata/*.txt", func(t *testing.T, input string) string {
		c := parseCase(t, input)
		got := report(c.run(inBatches))
		require.Equal(t, got, report(c.run(oneByOne)), "span by span")
		require.Equal(t, got, report(c.run(backwards)), "span by span, the last first")
		require.Equal(t, got, report(c.run(twice)), "everything twice")
		return got
	})
}

// quirk is a case: local traces, in the order in which they arrive.
type quirk struct {
	options dependency.Options
	traces  []arrivals
}

// arrivals are a trace's spans by the time at which they arrive.
type arrivals []arrival

type arrival struct {
	at time.Duration
	td ptrace.Traces
}

func parseCase(t *testing.T, text string) *quirk {
	c := &quirk{}
	var head string
	var body strings.Builder
	finish := func() {
		if head != "" {
			c.block(t, head, body.String())
		}
		body.Reset()
	}
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "assume complete"):
			c.options.AssumeComplete = true
		case strings.HasPrefix(line, "×"):
			finish()
			head = strings.TrimSpace(line)
		default:
			body.WriteString(line)
		}
	}
	finish()
	return c
}

func (c *quirk) block(t *testing.T, head, body string) {
	times, how, _ := strings.Cut(strings.TrimPrefix(head, "×"), " ")
	n, err := strconv.Atoi(times)
	require.NoError(t, err)
	for range n {
		script := treescript.Parse(t, body)
		stated := map[pcommon.SpanID]int{}
		if how != "stock" {
			stated = statements(script.Traces(-1))
		}
		var a arrivals
		for _, at := range script.Arrivals() {
			td := script.Traces(at)
			eachSpan(td, func(s ptrace.Span) { finishSpan(s, len(c.traces), how, stated) })
			td.ResourceSpans().RemoveIf(func(r ptrace.ResourceSpans) bool {
				spans := r.ScopeSpans().At(0).Spans()
				spans.RemoveIf(func(s ptrace.Span) bool { _, lost := s.Attributes().Get("lost"); return lost })
				return spans.Len() == 0
			})
			a = append(a, arrival{at, td})
		}
		c.traces = append(c.traces, a)
	}
}

// statements are what local roots say of how many spans there were.
func statements(td ptrace.Traces) map[pcommon.SpanID]int {
	stated := map[pcommon.SpanID]int{}
	for _, l := range localtrace.Of(calltree.Build(td)) {
		for _, s := range l.Spans {
			if s.Span.EndTimestamp() <= l.Root.Span.EndTimestamp() {
				stated[l.Root.Span.SpanID()]++
			}
		}
	}
	return stated
}

func finishSpan(s ptrace.Span, number int, how string, stated map[pcommon.SpanID]int) {
	id := s.TraceID()
	binary.BigEndian.PutUint32(id[:], uint32(number))
	s.SetTraceID(id)
	attributes := s.Attributes()
	switch how {
	case "sampled":
		s.TraceState().FromRaw("ot=th:8;rv:ffffffffffffff")
	case "kept":
		s.TraceState().FromRaw("ot=th:0;rv:00000000000001")
	case "both":
		s.TraceState().FromRaw("ot=th:0;rv:ffffffffffffff")
	case "stormed":
		s.TraceState().FromRaw("ot=th:4;rv:70000000000000")
	}
	if n, root := stated[s.SpanID()]; root {
		if how == "sampled" || how == "both" {
			attributes.PutStr(callgraph.AttributeHeadThreshold, "8")
		}
		if _, ok := attributes.Get(callgraph.AttributeLocalSpans); !ok {
			attributes.PutInt(callgraph.AttributeLocalSpans, int64(n))
			attributes.PutInt(callgraph.AttributeLocalDropped, 0)
		}
	}
}

func eachSpan(td ptrace.Traces, f func(ptrace.Span)) {
	for _, r := range td.ResourceSpans().All() {
		for _, scope := range r.ScopeSpans().All() {
			for _, s := range scope.Spans().All() {
				f(s)
			}
		}
	}
}

type feeding func(o *dependency.Observer, td ptrace.Traces, now time.Time)

func (c *quirk) run(feed feeding) *dependency.Observer {
	o := dependency.New(c.options)
	now := treescript.Epoch.Add(time.Hour)
	for _, trace := range c.traces {
		for _, a := range trace {
			feed(o, a.td, now.Add(a.at))
		}
	}
	for i := range 4 {
		o.Expire(now.Add(time.Duration(i+1) * time.Hour))
	}
	return o
}

func inBatches(o *dependency.Observer, td ptrace.Traces, now time.Time) { o.Add(td, now) }

func twice(o *dependency.Observer, td ptrace.Traces, now time.Time) {
	o.Add(td, now)
	o.Add(td, now)
}

func oneByOne(o *dependency.Observer, td ptrace.Traces, now time.Time) {
	for _, one := range singles(td) {
		o.Add(one, now)
	}
}

func backwards(o *dependency.Observer, td ptrace.Traces, now time.Time) {
	for _, one := range slices.Backward(singles(td)) {
		o.Add(one, now)
	}
}

// singles are the spans of td, each by itself.
func singles(td ptrace.Traces) (all []ptrace.Traces) {
	for _, r := range td.ResourceSpans().All() {
		for _, scope := range r.ScopeSpans().All() {
			for _, s := range scope.Spans().All() {
				one := ptrace.NewTraces()
				to := one.ResourceSpans().AppendEmpty()
				r.Resource().CopyTo(to.Resource())
				s.CopyTo(to.ScopeSpans().AppendEmpty().Spans().AppendEmpty())
				all = append(all, one)
			}
		}
	}
	return all
}

// report says what was noted, by site.
func report(o *dependency.Observer) string {
	var b strings.Builder
	observed, injected, sites := merged(o.Take(1 << 20))
	for _, name := range slices.Sorted(maps.Keys(sites)) {
		writeVerdict(&b, sites[name], observed[sites[name].ID()], injected[sites[name].ID()])
	}
	stats := o.Stats()
	for r, n := range stats.Passed {
		if r := strength.Reason(r); n > 0 && r < strength.Aborted {
			fmt.Fprintf(&b, "local traces %s: %d\n", r, n)
		}
	}
	return b.String()
}

func writeVerdict(b *strings.Builder, s strength.Site, observed, injected strength.Evidence) {
	v := strength.Judge(observed, injected, strength.Unknown)
	fmt.Fprintf(b, "%s: %s", s, v.Strength)
	if v.Source != strength.Observed {
		fmt.Fprintf(b, " (%s)", v.Source)
	}
	fmt.Fprintf(b, "\n  %d ok. %s\n", v.Successes, v.Words())
	for _, x := range v.Successors {
		fmt.Fprintf(b, "  then %s %s %.2f, after failures %.2f\n", x.Callee.Peer, x.Callee.Operation, x.AfterOK, x.AfterFailed)
	}
	for _, x := range v.Fallbacks {
		fmt.Fprintf(b, "  else %s %s %.2f, after failures %.2f\n", x.Callee.Peer, x.Callee.Operation, x.AfterOK, x.AfterFailed)
	}
	for r, n := range observed.Passed {
		if n > 0 {
			fmt.Fprintf(b, "  %s: %d\n", strength.Reason(r), n)
		}
	}
}

func merged(records []strength.Record) (observed, injected map[callgraph.StaticID]strength.Evidence, sites map[string]strength.Site) {
	observed, injected = map[callgraph.StaticID]strength.Evidence{}, map[callgraph.StaticID]strength.Evidence{}
	sites = map[string]strength.Site{}
	for _, r := range records {
		sites[r.Site.String()] = r.Site
		into := observed
		if r.Source == strength.Injected {
			into = injected
		}
		e := into[r.Key.Site]
		e.Merge(r.Evidence)
		into[r.Key.Site] = e
	}
	return observed, injected, sites
}
