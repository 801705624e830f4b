package service

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/telemetry"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/transport"
)

// remembered is how many orders are found again by their number.
const remembered = 1000

type order struct {
	stock, loyalty, payment *transport.Peer
	delivery                *transport.Producer
	deadline                time.Duration

	mu     sync.Mutex
	states map[string]string
	oldest []string
}

func runOrder(ctx context.Context, env Env) error {
	delivery, err := transport.NewProducer(env.At[Broker])
	if err != nil {
		return err
	}
	defer delivery.Close()
	o := &order{
		stock:    transport.NewPeer(Stock, env.At[Stock]),
		loyalty:  transport.NewPeer(Loyalty, env.At[Loyalty]),
		payment:  transport.NewPeer(Payment, env.At[Payment]),
		delivery: delivery, deadline: env.Deadline, states: map[string]string{},
	}
	return transport.ServeGRPC(ctx, env.Listener, placeOrder.By(o.place), findOrder.By(o.find))
}

// place reserves, awards points, takes the money and has the order delivered.
// Without stock or payment nothing after it is done; without points all is.
func (o *order) place(ctx context.Context, in pick) (Receipt, error) {
	labour(ctx, 4*time.Millisecond)
	if err := o.stock.Call(ctx, "POST /reservations", in.Purchase, &none{}); err != nil {
		o.remember(in.Number, "failed")
		return Receipt{}, err
	}
	if err := o.loyalty.Call(ctx, "POST /points", points{in.Quantity}, &none{}); err != nil {
		telemetry.Degrade(ctx, "order goes on without points", err)
	}
	bill, err := o.pay(ctx, payment{Cents: 1299 * in.Quantity})
	if err != nil {
		o.remember(in.Number, "failed")
		return Receipt{}, err
	}
	if !bill.Success {
		telemetry.Refuse(ctx, bill.Code, "payment refused: "+bill.Code)
		o.remember(in.Number, "refused")
		return Receipt{Number: in.Number, Reason: bill.Code}, nil
	}
	o.remember(in.Number, "paid")
	return Receipt{Number: in.Number, Success: true}, o.delivery.Send(ctx, transport.TopicOrders, in.Number, parcel{Number: in.Number})
}

func (o *order) pay(ctx context.Context, p payment) (bill paid, err error) {
	err = retry(ctx, func(attempt int) error {
		ctx, cancel := context.WithTimeout(ctx, o.deadline)
		defer cancel()
		p.Attempt = attempt
		return o.payment.Call(ctx, "POST /payments", p, &bill)
	}, func(err error) { slog.WarnContext(ctx, "paying once more: "+status.Convert(err).Message()) })
	if err != nil {
		return bill, telemetry.Fail(ctx, status.Code(err), "not paid after %d attempts: %s", attempts, status.Convert(err).Message())
	}
	return bill, nil
}

func (o *order) find(ctx context.Context, in parcel) (orderStatus, error) {
	labour(ctx, 2*time.Millisecond)
	o.mu.Lock()
	defer o.mu.Unlock()
	state, ok := o.states[in.Number]
	if !ok {
		return orderStatus{}, status.Errorf(codes.NotFound, "order %q: not found", in.Number)
	}
	return orderStatus{in.Number, state}, nil
}

func (o *order) remember(number, state string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states[number] = state
	if o.oldest = append(o.oldest, number); len(o.oldest) > remembered {
		delete(o.states, o.oldest[0])
		o.oldest = o.oldest[1:]
	}
}
