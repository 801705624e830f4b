package service

import (
	"context"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/fault"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/telemetry"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/transport"
)

func runPayment(ctx context.Context, env Env) error {
	return transport.ServeHTTP(ctx, env.Listener, transport.Routes{"POST /payments": takeMoney, "POST /refunds": giveBack})
}

func giveBack(r *http.Request) (any, error) {
	if _, err := transport.Read[payment](r); err != nil {
		return nil, err
	}
	telemetry.Book(r.Context(), telemetry.PaymentKey, "P")
	labour(r.Context(), 20*time.Millisecond)
	return paid{Success: true, Code: "OK"}, nil
}

func takeMoney(r *http.Request) (any, error) {
	ctx := r.Context()
	in, err := transport.Read[payment](r)
	if err != nil {
		return nil, err
	}
	telemetry.Book(ctx, telemetry.PaymentKey, "P")
	number := telemetry.Order(ctx)
	if fault.PaymentHangs.Hits(number) || fault.PaymentSlow.Hits(number) && in.Attempt == 1 {
		<-ctx.Done() // until the caller's patience ends, however long it is
		return nil, status.Error(codes.Canceled, "the caller has gone")
	}
	labour(ctx, 40*time.Millisecond)
	if fault.PaymentDeclined.Hits(number) {
		telemetry.Refuse(ctx, "DECLINED", "card declined")
		return paid{Code: "DECLINED"}, nil
	}
	return paid{Success: true, Code: "OK"}, nil
}
