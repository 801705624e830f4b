package tracecontext_test

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"

	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

func ExampleNew() {
	header := http.Header{
		"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
		"Tracestate":  {"jcg=1:000000000000000a:000000000000000b:0ba902b7:01,ot=th:8,vendor=1"},
		"Baggage":     {"order.id=4711"},
	}
	p := tracecontext.New(tracecontext.Options{Baggage: true})
	ctx := p.Extract(context.Background(), propagation.HeaderCarrier(header))

	caller, _ := tracecontext.FromContext(ctx)
	entry, _ := caller.Entry()
	fmt.Println("called by", entry.Caller, "of the chain that began at", entry.Entrance)
	fmt.Println("indirect:", entry.Indirect(caller.SpanID()))
	fmt.Println("others see", caller.TraceState())
	fmt.Println("order", baggage.FromContext(ctx).Member("order.id").Value())
	// Output:
	// called by 000000000000000b of the chain that began at 000000000000000a
	// indirect: false
	// others see ot=th:8,vendor=1
	// order 4711
}

func ExampleDestinations() {
	d := tracecontext.DestinationsUnder("example.com")
	for _, host := range []string{"cart", "cart.shop.svc.cluster.local:8080", "10.1.2.3", "api.example.com", "8.8.8.8", "example.org"} {
		fmt.Println(host, d.Allows(host))
	}
	// Output:
	// cart true
	// cart.shop.svc.cluster.local:8080 true
	// 10.1.2.3 true
	// api.example.com true
	// 8.8.8.8 false
	// example.org false
}
