package compact_test

import (
	"context"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/exporter/compact"
)

// OTel's SDK sends by it like by any exporter. Its exports wait for the
// collector, so they have no time limit; meanwhile the queue fills, and drops what
// finds no room.
func Example() {
	exporter, err := compact.New(compact.WithEndpoint("https://collector.example:4319"), compact.WithHeaders(map[string]string{"authorization": "Bearer token"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter, sdktrace.WithExportTimeout(0)))
	fmt.Println(provider.Shutdown(context.Background()))

	_, err = compact.New(compact.WithEndpoint("collector.example/v1/traces"))
	fmt.Println(err)
	// Output:
	// <nil>
	// compact exporter: endpoint "collector.example/v1/traces": accepted: http://host:port, https://host:port, host:port
}
