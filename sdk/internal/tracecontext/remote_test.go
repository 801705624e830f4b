package tracecontext

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext/w3ctest"
)

var wantEntry = callgraph.StateEntry{Entrance: 0x0123456789abcdef, Caller: 0xfedcba9876543210, Sender: 0x0ba902b7, Counted: true, Site: 0xaa}

func TestNodesWorkWithTheLinkedOTel(t *testing.T) {
	assert.True(t, nodesWork)
	assert.True(t, IsSpanKey(spanKey))
	assert.False(t, IsSpanKey(baggageKey))
	assert.False(t, IsSpanKey(nil))
	assert.False(t, IsSpanKey(0), "the same number of another type")
}

func TestRemoteSaysWhatTheCallerSaid(t *testing.T) {
	for name, p := range bothWays() {
		t.Run(name, func(t *testing.T) {
			ctx := p.Extract(t.Context(), propagation.MapCarrier(incoming))
			r, ok := FromContext(ctx)
			require.True(t, ok)
			checkRemote(t, r)
			assert.Equal(t, "th:ffbe76c8b43958", r.SpanContext().TraceState().Get("ot"))
			assert.Equal(t, wantEntry.String(), r.SpanContext().TraceState().Get("jcg"), "for links")
			assert.Empty(t, r.TraceState().Get("jcg"), "it would leave again, stale")
			assert.True(t, r.SpanContext().IsRemote())
			assert.False(t, r.IsRecording())
			r.SetName("nothing happens")
			r.End()
			assert.False(t, r.Untrusted())

			_, ok = FromContext(trace.ContextWithSpanContext(ctx, r.SpanContext()))
			assert.False(t, ok, "another span is current")
		})
	}
	_, ok := FromContext(t.Context())
	assert.False(t, ok)
}

func checkRemote(t *testing.T, r *Remote) {
	t.Helper()
	entry, ok := r.Entry()
	assert.True(t, ok)
	assert.Equal(t, wantEntry, entry)
	assert.False(t, entry.Indirect(r.SpanID()))
	assert.Equal(t, "th:ffbe76c8b43958", r.OT())
	assert.Equal(t, "vendor=t61rcWkgMzE", r.Foreign())
	assert.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", r.TraceID().String())
	assert.Equal(t, "00f067aa0ba902b7", r.SpanID().String())
	assert.Equal(t, trace.FlagsSampled, r.Flags())
}

func TestRemoteOfAStockPropagator(t *testing.T) {
	sc := trace.SpanContextFromContext(stock.Extract(t.Context(), propagation.MapCarrier(incoming)))
	r := FromSpanContext(sc)
	checkRemote(t, r)
	assert.True(t, r.SpanContext().IsRemote())
	assert.False(t, FromSpanContext(sc.WithRemote(false)).SpanContext().IsRemote())

	_, ok := FromSpanContext(trace.SpanContext{}).Entry()
	assert.False(t, ok)
}

// TestStaleEntry: a stock SDK sends the entry on, which its Sender gives away.
func TestStaleEntry(t *testing.T) {
	tracer := sdktrace.NewTracerProvider().Tracer("")
	between := func(p propagation.TextMapPropagator) *Remote {
		ctx, span := tracer.Start(p.Extract(t.Context(), propagation.MapCarrier(incoming)), "between")
		defer span.End()
		out := propagation.MapCarrier{}
		p.Inject(ctx, out)
		r, ok := FromContext(New(Options{}).Extract(t.Context(), out))
		require.True(t, ok)
		assert.Equal(t, span.SpanContext().SpanID(), r.SpanID())
		assert.Equal(t, "vendor=t61rcWkgMzE", r.Foreign())
		return r
	}
	for _, p := range []propagation.TextMapPropagator{stock, New(Options{})} {
		r := between(p)
		entry, ok := r.Entry()
		assert.True(t, ok)
		assert.True(t, entry.Indirect(r.SpanID()))
	}
}

// TestNear: instrumentations put the context of the span that came in the place
// of the Remote.
func TestNear(t *testing.T) {
	ctx := New(Options{}).Extract(t.Context(), propagation.MapCarrier(incoming))
	sc := trace.SpanContextFromContext(ctx)
	r, ok := Near(trace.ContextWithRemoteSpanContext(ctx, sc), sc)
	require.True(t, ok)
	checkRemote(t, r)
	_, ok = Near(ctx, sc.WithSpanID(trace.SpanID{1}))
	assert.False(t, ok, "of another span")
	_, ok = Near(t.Context(), sc)
	assert.False(t, ok)
}

func TestEntriesThatAreNone(t *testing.T) {
	for name, state := range map[string]string{
		"none":            "a=1",
		"other version":   "jcg=2:0123456789abcdef:fedcba9876543210:0ba902b7:01",
		"capitals":        "jcg=1:0123456789ABCDEF:fedcba9876543210:0ba902b7:01",
		"empty":           "jcg=",
		"without a value": "jcg",
		"not tracestate":  "jcg=\x00",
		"other key":       "jcg2=1:0123456789abcdef:fedcba9876543210:0ba902b7:01",
	} {
		ctx := New(Options{}).Extract(t.Context(), propagation.MapCarrier{"traceparent": incoming["traceparent"], "tracestate": state})
		r, ok := FromContext(ctx)
		require.True(t, ok, name)
		_, ok = r.Entry()
		assert.False(t, ok, name)
	}
}

func TestEntrySurvives(t *testing.T) {
	entry := "jcg=" + wantEntry.String()
	for name, state := range map[string]string{
		"alone":                  entry,
		"in the middle":          "a=1," + entry + ",b=2",
		"a full list":            "ot=th:0," + numbered(31) + "," + entry,
		"a list that is invalid": "A=1," + entry + ",=",
		"33 others":              numbered(33) + "," + entry,
		"equal keys":             "a=1,a=1," + entry,
		"an older one":           entry + ",jcg=" + callgraph.StateEntry{}.String(),
		"blanks":                 "\t " + entry + "\t ,a=1",
	} {
		r, _ := FromContext(New(Options{}).Extract(t.Context(), propagation.MapCarrier{"traceparent": incoming["traceparent"], "tracestate": state}))
		got, ok := r.Entry()
		assert.True(t, ok, name)
		assert.Equal(t, wantEntry, got, name)
	}
}

func TestW3C(t *testing.T) {
	t.Run("spans of ours", func(t *testing.T) { w3ctest.Run(t, testProvider{}, New(Options{Baggage: true})) })
	provider := sdktrace.NewTracerProvider()
	for name, p := range bothWays() {
		for _, c := range w3ctest.Cases() {
			if err := c.Check(t.Context(), provider, p); (err != nil) != c.Raw {
				t.Errorf("stock SDK, %s, %s: %v", name, c.Name, err)
			}
		}
	}
}

type callerKey struct{}

// TestRemoteIsItsContext: deadline, cancellation and values are the parent's.
func TestRemoteIsItsContext(t *testing.T) {
	parent, cancel := context.WithTimeout(context.WithValue(t.Context(), callerKey{}, "value"), time.Hour)
	ctx := New(Options{Baggage: true}).Extract(parent, propagation.MapCarrier(incoming))
	assert.Equal(t, "value", ctx.Value(callerKey{}))
	deadline, ok := ctx.Deadline()
	want, _ := parent.Deadline()
	assert.True(t, ok)
	assert.Equal(t, want, deadline)
	child, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cancel()
	<-child.Done()
	assert.ErrorIs(t, child.Err(), context.Canceled)
}

// TestConcurrentUse prints a Remote while all that is computed late is asked
// for; the race detector watches.
func TestConcurrentUse(t *testing.T) {
	p := New(Options{Baggage: true})
	ctx := p.Extract(t.Context(), propagation.MapCarrier(incoming))
	var wg sync.WaitGroup
	for range 4 {
		for _, use := range []func(){
			func() { assert.Contains(t, fmt.Sprintf("%v %+v %s", ctx, ctx, ctx), "00f067aa0ba902b7") },
			func() { assert.Equal(t, 2, baggage.FromContext(ctx).Len()) },
			func() { assert.Equal(t, 3, trace.SpanContextFromContext(ctx).TraceState().Len()) },
			func() {
				out := propagation.MapCarrier{}
				p.Inject(ctx, out)
				assert.Equal(t, incoming["baggage"], out["baggage"], "as it came, read or not")
			},
		} {
			wg.Go(use)
		}
	}
	wg.Wait()
}
