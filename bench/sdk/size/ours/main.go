// Command ours is a program that traces by sdk.Setup.
package main

import (
	"context"

	"go.opentelemetry.io/otel"

	"github.com/jcallgraph/jcallgraph/sdk"
)

func main() {
	ctx := context.Background()
	shutdown, err := sdk.Setup(ctx)
	if err != nil {
		panic(err)
	}
	_, span := otel.Tracer("size").Start(ctx, "span")
	span.End()
	_ = shutdown(ctx)
}
