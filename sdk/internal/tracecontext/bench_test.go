package tracecontext

import (
	"context"
	"net/http"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

var incoming = map[string]string{
	"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	"tracestate":  "jcg=1:0123456789abcdef:fedcba9876543210:0ba902b7:01:00000000000000aa,ot=th:ffbe76c8b43958,vendor=t61rcWkgMzE",
	"baggage":     "order.id=20261126-4711,user.tier=gold",
}

// stock is what the propagator stands for.
var stock = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// BenchmarkPropagation extracts and injects once: the stock propagators, which
// send the remote span on, against ours with a span of ours, whose own members
// of tracestate are built anew.
func BenchmarkPropagation(b *testing.B) {
	carriers := map[string]func() propagation.TextMapCarrier{
		"http": func() propagation.TextMapCarrier { return propagation.HeaderCarrier(http.Header{}) },
		"map":  func() propagation.TextMapCarrier { return propagation.MapCarrier{} },
	}
	for _, kind := range []string{"http", "map"} {
		for _, read := range []bool{false, true} {
			name := kind
			if read {
				name += "-baggage-read"
			}
			in, out := carriers[kind](), carriers[kind]()
			for key, value := range incoming {
				in.Set(key, value)
			}
			b.Run(name+"/stock", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					ctx := stock.Extract(context.Background(), in)
					readBaggage(ctx, b, read)
					stock.Inject(ctx, out)
				}
			})
			b.Run(name+"/ours", func(b *testing.B) {
				p, span := New(Options{Baggage: true, OwnKeys: []string{"order.id"}}), &benchSpan{}
				b.ReportAllocs()
				for b.Loop() {
					span.serve(p.Extract(context.Background(), in), b)
					readBaggage(span, b, read)
					p.Inject(span, out)
				}
			})
		}
	}
}

func readBaggage(ctx context.Context, b *testing.B, read bool) {
	if read && baggage.FromContext(ctx).Member("order.id").Value() != "20261126-4711" {
		b.Fatal("the baggage was lost")
	}
}

// benchState is read from ot by the sampler.
var benchState, _ = sampler.ParseState("th:ffbe76c8b43958")

// benchSpan is a span of ours as far as propagation goes, reused so that only
// the propagator allocates.
type benchSpan struct {
	testSpan
}

func (s *benchSpan) serve(ctx context.Context, b testing.TB) {
	r, ok := FromContext(ctx)
	entry, valid := r.Entry()
	if !ok || !valid || r.OT() != "th:ffbe76c8b43958" {
		b.Fatal("not extracted")
	}
	s.Context = ctx
	s.out = Outgoing{
		TraceID: r.TraceID(), SpanID: trace.SpanID{1, 2, 3, 4, 5, 6, 7, 8}, Flags: r.Flags(), Trusted: true,
		Entry: callgraph.StateEntry{Entrance: entry.Entrance, Caller: 42, Counted: true, Site: 43}, HasEntry: true,
		State: benchState, Foreign: r.Foreign(),
	}
}

// TestAllocations: one for the node, one for the text of the headers, one for
// the slices that http.Header wants.
func TestAllocations(t *testing.T) {
	in, out := propagation.HeaderCarrier(http.Header{}), propagation.HeaderCarrier(http.Header{})
	for key, value := range incoming {
		in.Set(key, value)
	}
	p, span := New(Options{Baggage: true, OwnKeys: []string{"order.id"}}), &benchSpan{}
	allocations := testing.AllocsPerRun(100, func() {
		span.serve(p.Extract(context.Background(), in), t)
		p.Inject(span, out)
	})
	if allocations > 3 {
		t.Errorf("%v allocations, want 3", allocations)
	}
}
