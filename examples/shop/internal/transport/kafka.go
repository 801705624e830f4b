package transport

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kotel"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// The shop's topics.
const (
	TopicOrders  = "orders"  // paid orders, keyed by order number
	TopicPicks   = "picks"   // what the warehouse is to pick, keyed by SKU
	TopicShipped = "shipped" // what left the warehouse, keyed by SKU
)

// Producer sends messages.
type Producer struct{ client *kgo.Client }

// NewProducer connects with the first message.
func NewProducer(broker string) (*Producer, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(broker),
		kgo.AllowAutoTopicCreation(),
		kgo.ProducerLinger(0),
		kgo.RecordDeliveryTimeout(10*time.Second),
		kgo.WithHooks(kotel.NewKotel(kotel.WithTracer(kotel.NewTracer())).Hooks()...),
	)
	if err != nil {
		return nil, fmt.Errorf("produce to %s: %w", broker, err)
	}
	return &Producer{client}, nil
}

// Send returns once the broker has the message.
func (p *Producer) Send(ctx context.Context, topic, key string, message any) error {
	value, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("message for topic %s: %w", topic, err)
	}
	if err := p.client.ProduceSync(ctx, &kgo.Record{Topic: topic, Key: []byte(key), Value: value}).FirstErr(); err != nil {
		return fmt.Errorf("send to topic %s: %w", topic, err)
	}
	return nil
}

// Close ends the connections.
func (p *Producer) Close() { p.client.Close() }

// Each hands over the topic's messages one by one, in order within a
// partition, each in a span of its own below its producer's, until ctx ends. A
// message that fails is not repeated.
func Each[T any](ctx context.Context, broker, group, topic string, work func(context.Context, T) error) error {
	tracer := kotel.NewTracer(kotel.ConsumerGroup(group))
	return poll(ctx, broker, group, topic, func(fetches kgo.Fetches) {
		var partitions sync.WaitGroup
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			partitions.Go(func() {
				p.EachRecord(func(r *kgo.Record) { process(ctx, tracer, r, work) })
			})
		})
		partitions.Wait()
	})
}

// process makes one CONSUMER span a message: kotel's own "receive" span would
// hide the work behind a second one.
func process[T any](ctx context.Context, tracer *kotel.Tracer, r *kgo.Record, work func(context.Context, T) error) {
	r.Context = sender(ctx, r)
	ctx, span := tracer.WithProcessSpan(r)
	defer span.End()
	var message T
	err := json.Unmarshal(r.Value, &message)
	if err == nil {
		err = work(ctx, message)
	}
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
}

// Batches hands over what came since the last time as one batch, in one span
// that links to all of its messages' producers, until ctx ends.
func Batches[T any](ctx context.Context, broker, group, topic string, work func(context.Context, []T)) error {
	return poll(ctx, broker, group, topic, func(fetches kgo.Fetches) {
		var batch []T
		var links []trace.Link
		fetches.EachRecord(func(r *kgo.Record) {
			var message T
			if json.Unmarshal(r.Value, &message) == nil { // what is no message of ours is left out
				batch = append(batch, message)
				links = append(links, trace.LinkFromContext(sender(ctx, r)))
			}
		})
		ctx, span := otel.Tracer("shop").Start(ctx, topic+" process", trace.WithNewRoot(), trace.WithLinks(links...),
			trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
				attribute.String("messaging.system", "kafka"), attribute.String("messaging.destination.name", topic),
				attribute.String("messaging.consumer.group.name", group), attribute.Int("messaging.batch.message_count", len(batch))))
		defer span.End()
		work(ctx, batch)
	}, kgo.FetchMinBytes(1<<20), kgo.FetchMaxWait(time.Second))
}

func poll(ctx context.Context, broker, group, topic string, work func(kgo.Fetches), options ...kgo.Opt) error {
	client, err := kgo.NewClient(append(options,
		kgo.SeedBrokers(broker),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.AllowAutoTopicCreation(),
	)...)
	if err != nil {
		return fmt.Errorf("consume topic %s of %s: %w", topic, broker, err)
	}
	defer client.Close()
	for ctx.Err() == nil {
		fetches := client.PollRecords(ctx, 100)
		fetches.EachError(func(_ string, _ int32, err error) { slog.Info("fetch", "topic", topic, "error", err) })
		if fetches.NumRecords() > 0 {
			work(fetches)
		}
	}
	return nil
}

// sender is ctx within the trace, and with the baggage, of a message's sender.
func sender(ctx context.Context, r *kgo.Record) context.Context {
	return otel.GetTextMapPropagator().Extract(ctx, kotel.NewRecordCarrier(r))
}
