package stocksampler_test

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sampler/stocksampler"
)

func Example() {
	exporter := tracetest.NewInMemoryExporter() // or otlptracegrpc.New(ctx)

	keep := stocksampler.New(sampler.Policy{
		Rate: sampler.ParentBased{Root: sampler.OneIn(1000)},
		Keep: sampler.Errors | sampler.SoftErrors,
	})
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(keep),
		sdktrace.WithSpanProcessor(keep.Wrap(sdktrace.NewBatchSpanProcessor(exporter))),
	)
	defer provider.Shutdown(context.Background()) //nolint:errcheck // an in-memory exporter

	tracer := provider.Tracer("shop")
	for order := range 5000 {
		ctx, checkout := tracer.Start(context.Background(), "checkout")
		_, pay := tracer.Start(ctx, "pay")
		if order == 1234 {
			pay.RecordError(errors.New("card declined"))
			pay.SetStatus(codes.Error, "card declined")
		}
		pay.End()
		checkout.End()
	}

	if err := provider.ForceFlush(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(keep.Description())
	fmt.Println("spans of failed orders:", keep.Counts().Kept)
	fmt.Println("most others are discarded:", keep.Counts().Discarded > 9900)
	// Output:
	// JCallGraph{as the parent, else 1 of 1000; always errors, soft errors}
	// spans of failed orders: 2
	// most others are discarded: true
}
