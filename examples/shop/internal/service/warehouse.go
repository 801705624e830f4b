package service

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/fault"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/telemetry"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/transport"
)

func runWarehouse(ctx context.Context, env Env) error {
	picks, err := transport.NewProducer(env.At[Broker])
	if err != nil {
		return err
	}
	defer picks.Close()
	return transport.ServeGRPC(ctx, env.Listener, pickGoods.By(func(ctx context.Context, in pick) (none, error) {
		labour(ctx, 15*time.Millisecond)
		if fault.WarehouseDown.Hits(in.Number) || fault.WarehouseBlip.Hits(in.Number) && in.Attempt == 1 {
			return none{}, telemetry.Fail(ctx, codes.Unavailable, "aisle of %s is blocked", in.SKU)
		}
		return none{}, picks.Send(ctx, transport.TopicPicks, in.SKU, in)
	}))
}
