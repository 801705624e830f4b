package service

import (
	"context"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/fault"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/telemetry"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/transport"
)

func runLoyalty(ctx context.Context, env Env) error {
	return transport.ServeHTTP(ctx, env.Listener, transport.Routes{"POST /points": writePoints, "POST /points/revocations": writePoints})
}

func writePoints(r *http.Request) (any, error) {
	labour(r.Context(), 8*time.Millisecond)
	if fault.LoyaltyDown.Hits(telemetry.Order(r.Context())) {
		return nil, telemetry.Fail(r.Context(), codes.Internal, "points ledger is read-only")
	}
	return none{}, nil
}
