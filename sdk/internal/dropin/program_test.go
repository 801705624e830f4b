package dropin

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"
)

// program is an application on contrib instrumentation. It knows OTel's API
// only and returns when all its spans have ended.
type program struct {
	name  string
	run   func(*testing.T, trace.TracerProvider, propagation.TextMapPropagator)
	spans int // that it ends
}

var programs = []program{
	{"otelhttp", runHTTP, 53},
	{"otelgrpc", runGRPC, 70},
	{"redisotel", runRedis, 23},
	{"kotel", runKafka, 25},
}

// TestPrograms: every SDK exports what the stock SDK exports. Stock runs twice,
// since a program that differs from itself shows nothing.
func TestPrograms(t *testing.T) {
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			want := exportedBy(t, stockSDK, p)
			for _, sdk := range sdks {
				require.Empty(t, difference(want, exportedBy(t, sdk, p)), sdk.name)
			}
		})
	}
}

// exportedBy runs a program on an SDK and is its spans as text.
func exportedBy(t *testing.T, sdk sdkUnderTest, p program) string {
	m := &memory{}
	tp := sdk.new(setup{
		exporters: exporters(m),
		resource:  resource.NewSchemaless(attribute.String("service.name", p.name)),
	})
	p.run(t, tp, sdk.propagator())
	require.NoError(t, tp.Shutdown(t.Context()))
	require.Equal(t, p.spans, len(m.all()), "spans\n%s", render(m.all()))
	return render(m.all())
}

// step is one request of a program, under a root of its own.
func step(ctx context.Context, tp trace.TracerProvider, name string, do func(context.Context)) {
	ctx, root := tp.Tracer("program").Start(ctx, name)
	defer root.End()
	do(ctx)
}
