package service

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/transport"
)

// picking is the stream job: its state is keyed by SKU, and so are its input
// and its output, so that one product's picks are worked on in their order.
type picking struct {
	shipped *transport.Producer
	mu      sync.Mutex
	picked  map[string]int // by SKU: there are 20
}

func runPicking(ctx context.Context, env Env) error {
	shipped, err := transport.NewProducer(env.At[Broker])
	if err != nil {
		return err
	}
	defer shipped.Close()
	p := &picking{shipped: shipped, picked: map[string]int{}}
	return transport.Each(ctx, env.At[Broker], Picking, transport.TopicPicks, p.pick)
}

func (p *picking) pick(ctx context.Context, in pick) error {
	labour(ctx, 20*time.Millisecond)
	trace.SpanFromContext(ctx).SetAttributes(attribute.String("sku", in.SKU), attribute.Int("sku.picked", p.count(in)))
	return p.shipped.Send(ctx, transport.TopicShipped, in.SKU, in)
}

func (p *picking) count(in pick) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.picked[in.SKU] += in.Quantity
	return p.picked[in.SKU]
}
