package tracecontext

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// TestUntrusted: of a stranger's request its IDs are left, for the link, and
// what is others'.
func TestUntrusted(t *testing.T) {
	public := Untrusted(t.Context())
	assert.True(t, IsUntrusted(trace.ContextWithSpanContext(public, trace.SpanContext{})))
	assert.False(t, IsUntrusted(t.Context()))
	options := Options{Baggage: true, OwnKeys: []string{"order.id", "cart"}}
	alwaysPublic := options
	alwaysPublic.Public = true
	for name, ctx := range map[string]context.Context{
		"marked":    (&propagator{options: options, nodes: true}).Extract(public, propagation.MapCarrier(incoming)),
		"otel only": (&propagator{options: options}).Extract(public, propagation.MapCarrier(incoming)),
		"all are":   New(alwaysPublic).Extract(t.Context(), propagation.MapCarrier(incoming)),
	} {
		r, ok := FromContext(ctx)
		require.True(t, ok, name)
		assert.Equal(t, "user.tier=gold", baggage.FromContext(ctx).String(), name)
		assert.True(t, r.Untrusted())
		_, ok = r.Entry()
		assert.False(t, ok)
		assert.Empty(t, r.OT())
		assert.Equal(t, "vendor=t61rcWkgMzE", r.Foreign())
		assert.Equal(t, "vendor=t61rcWkgMzE", r.SpanContext().TraceState().String())
		assert.Equal(t, "00f067aa0ba902b7", r.SpanContext().SpanID().String())
		assert.False(t, r.SpanContext().IsSampled())
		assert.Zero(t, r.Flags())
	}
}

func TestUntrustedBaggage(t *testing.T) {
	for _, nodes := range []bool{true, false} {
		p := &propagator{options: Options{Baggage: true, OwnKeys: []string{"order.id", "cart"}}, nodes: nodes}
		for _, traceparent := range []string{incoming["traceparent"], ""} {
			for header, want := range map[string]string{
				"order.id=1,user.tier=gold":     "user.tier=gold",
				" order.id=1 , user.tier=gold ": "user.tier=gold",
				"order.id=1,cart=2":             "",
				"order.id=1;p,cart=2":           "",
				"orderid=1":                     "orderid=1",
			} {
				carrier := propagation.MapCarrier{"traceparent": traceparent, "baggage": header}
				ctx := p.Extract(Untrusted(t.Context()), carrier)
				assert.Equal(t, want, baggage.FromContext(ctx).String(), header)
				out := propagation.MapCarrier{}
				p.Inject(ctx, out)
				assert.Equal(t, want, out["baggage"], header)
			}
		}
	}
}

// TestHostileHeadersAreForgotten: what strangers send changes nothing for those after them.
func TestHostileHeadersAreForgotten(t *testing.T) {
	p := New(Options{Baggage: true, OwnKeys: []string{"order.id"}})
	before := p.Extract(t.Context(), propagation.MapCarrier(incoming))
	for i := range 100 {
		hostile := numbered(i)
		p.Extract(t.Context(), propagation.MapCarrier{"traceparent": incoming["traceparent"], "tracestate": hostile, "baggage": hostile})
	}
	after := p.Extract(t.Context(), propagation.MapCarrier(incoming))
	assert.True(t, trace.SpanContextFromContext(before).Equal(trace.SpanContextFromContext(after)))
	assert.Equal(t, 2, baggage.FromContext(after).Len())
}
