package service

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/telemetry"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/transport"
)

// maxQuantity is what a customer may order at once.
const maxQuantity = 10

type gateway struct {
	orders *grpc.ClientConn
	stock  *transport.Peer
	epoch  string // makes numbers differ from those of an earlier run
	last   atomic.Int64
}

func runGateway(ctx context.Context, env Env) error {
	orders, err := transport.Dial(Order, env.At[Order])
	if err != nil {
		return err
	}
	defer orders.Close() //nolint:errcheck // the process ends too
	g := &gateway{orders: orders, stock: transport.NewPeer(Stock, env.At[Stock]), epoch: time.Now().UTC().Format("060102150405")}
	return transport.ServeHTTP(ctx, env.Listener, transport.Routes{
		"POST /orders":            g.place,
		"GET /orders/{number}":    g.find,
		"DELETE /orders/{number}": g.cancel,
		"GET /products/{sku}":     g.product,
	})
}

func (g *gateway) place(r *http.Request) (any, error) {
	number := fmt.Sprintf("%s-%06d", g.epoch, g.last.Add(1))
	ctx := telemetry.WithOrder(r.Context(), number)
	purchase, err := transport.Read[Purchase](r)
	if err != nil {
		return nil, err
	}
	if purchase.Quantity < 1 || purchase.Quantity > maxQuantity {
		return nil, status.Errorf(codes.InvalidArgument, "quantity %d: must be 1 to %d", purchase.Quantity, maxQuantity)
	}
	receipt, err := placeOrder.Call(ctx, g.orders, pick{Purchase: purchase, Number: number})
	if err == nil && !receipt.Success {
		telemetry.Refuse(ctx, receipt.Reason, "order refused: "+receipt.Reason)
	}
	return receipt, err
}

func (g *gateway) find(r *http.Request) (any, error) {
	number := r.PathValue("number")
	return findOrder.Call(telemetry.WithOrder(r.Context(), number), g.orders, parcel{Number: number})
}

func (g *gateway) cancel(r *http.Request) (any, error) {
	number := r.PathValue("number")
	return cancelOrder.Call(telemetry.WithOrder(r.Context(), number), g.orders, parcel{Number: number})
}

func (g *gateway) product(r *http.Request) (any, error) {
	var found product
	err := g.stock.Call(r.Context(), "GET /products/{sku}", nil, &found, r.PathValue("sku"))
	return found, err
}
