package service

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/status"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/telemetry"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/transport"
)

type delivery struct {
	carrier  *transport.Peer
	deadline time.Duration
}

func runDelivery(ctx context.Context, env Env) error {
	d := delivery{transport.NewPeer(Carrier, env.At[Carrier]), env.Deadline}
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return transport.Each(ctx, env.At[Broker], Delivery, transport.TopicOrders, d.deliver) })
	both.Go(func() error { return transport.Batches(ctx, env.At[Broker], "tracking", transport.TopicShipped, track) })
	return both.Wait()
}

func (d delivery) deliver(ctx context.Context, p parcel) error {
	telemetry.Book(ctx, telemetry.WaybillKey, "W")
	labour(ctx, 5*time.Millisecond)
	err := retry(ctx, func(attempt int) error {
		ctx, cancel := context.WithTimeout(ctx, d.deadline)
		defer cancel()
		p.Attempt = attempt
		return d.carrier.Call(ctx, "POST /parcels", p, &none{})
	}, func(err error) { slog.WarnContext(ctx, "asking the carrier once more: "+status.Convert(err).Message()) })
	if err != nil {
		return telemetry.Fail(ctx, status.Code(err), "parcel stays here: %s", status.Convert(err).Message())
	}
	return nil
}

// track writes down what was shipped, a batch at once.
func track(ctx context.Context, _ []pick) { labour(ctx, 5*time.Millisecond) }
