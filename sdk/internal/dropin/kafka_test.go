package dropin

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kotel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const orders = "orders"

func runKafka(t *testing.T, tp trace.TracerProvider, p propagation.TextMapPropagator) {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, orders))
	require.NoError(t, err)
	defer broker.Close()
	common := []kotel.TracerOpt{kotel.TracerProvider(tp), kotel.TracerPropagator(p)}
	produce(t, tp, newKafka(t, broker, kotel.NewTracer(append(common, kotel.ClientID("producer"))...)))
	fromStart := []kgo.Opt{kgo.ConsumeTopics(orders), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}
	children := kotel.NewTracer(append(common, kotel.ConsumerGroup("children"))...)
	consume(t, tp, newKafka(t, broker, children, fromStart...), children)
	linked := kotel.NewTracer(append(common, kotel.ConsumerGroup("linked"), kotel.LinkSpans())...)
	consume(t, tp, newKafka(t, broker, linked, fromStart...), linked)
}

func newKafka(t *testing.T, broker *kfake.Cluster, tracer *kotel.Tracer, options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(broker.ListenAddrs()...),
		kgo.WithHooks(kotel.NewKotel(kotel.WithTracer(tracer)).Hooks()...))...)
	require.NoError(t, err)
	return client
}

func produce(t *testing.T, tp trace.TracerProvider, client *kgo.Client) {
	defer client.Close()
	step(t.Context(), tp, "one", func(ctx context.Context) {
		assert.NoError(t, client.ProduceSync(ctx, &kgo.Record{Topic: orders, Key: []byte("k"), Value: []byte("1")}).FirstErr())
	})
	step(t.Context(), tp, "two", func(ctx context.Context) {
		for _, value := range []string{"2", "3"} {
			assert.NoError(t, client.ProduceSync(ctx, &kgo.Record{Topic: orders, Value: []byte(value)}).FirstErr())
		}
	})
	step(t.Context(), tp, "cancelled", func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		assert.ErrorIs(t, client.ProduceSync(ctx, &kgo.Record{Topic: orders}).FirstErr(), context.Canceled)
	})
}

// consume takes the three records, one at a time, as an application would.
func consume(t *testing.T, tp trace.TracerProvider, client *kgo.Client, tracer *kotel.Tracer) {
	defer client.Close()
	for seen := 0; seen < 3; {
		fetches := client.PollRecords(t.Context(), 1)
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			seen++
			process(tp, tracer, r)
		})
	}
}

func process(tp trace.TracerProvider, tracer *kotel.Tracer, r *kgo.Record) {
	ctx, span := tracer.WithProcessSpan(r)
	defer span.End()
	_, work := tp.Tracer("app").Start(ctx, "ship")
	defer work.End()
	if string(r.Value) == "2" {
		work.RecordError(errPlain)
		work.SetStatus(codes.Error, "out of stock")
	}
}
