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

// cents is what each product costs.
const cents = 1299

// remembered is how many orders are found again by their number.
const remembered = 1000

type order struct {
	stock, loyalty, payment *transport.Peer
	delivery                *transport.Producer
	deadline                time.Duration

	mu     sync.Mutex
	states map[string]placed
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
		delivery: delivery, deadline: env.Deadline, states: map[string]placed{},
	}
	return transport.ServeGRPC(ctx, env.Listener, placeOrder.By(o.place), findOrder.By(o.find), cancelOrder.By(o.cancel))
}

// placed is what became of an order.
type placed struct {
	Purchase
	state string
}

// place reserves, awards points, takes the money and has the order delivered.
// Without stock or payment nothing after it is done; without points, and where
// the goods only come later, all is.
func (o *order) place(ctx context.Context, in pick) (Receipt, error) {
	labour(ctx, 4*time.Millisecond)
	var reserved reservation
	if err := o.stock.Call(ctx, "POST /reservations", in.Purchase, &reserved); err != nil {
		o.remember(ctx, in, "failed")
		return Receipt{}, err
	}
	if !reserved.Success {
		telemetry.Refuse(ctx, reserved.Code, "order goes on, its goods come later")
	}
	if err := o.loyalty.Call(ctx, "POST /points", points{in.Quantity}, &none{}); err != nil {
		telemetry.Degrade(ctx, "order goes on without points", err)
	}
	bill, err := o.pay(ctx, payment{Cents: cents * in.Quantity})
	if err != nil {
		o.remember(ctx, in, "failed")
		return Receipt{}, err
	}
	if !bill.Success {
		telemetry.Refuse(ctx, bill.Code, "payment refused: "+bill.Code)
		o.remember(ctx, in, "refused")
		return Receipt{Number: in.Number, Reason: bill.Code}, nil
	}
	o.remember(ctx, in, "paid")
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
	found, err := o.placed(in.Number)
	if err == nil {
		telemetry.State(ctx, found.state)
	}
	return orderStatus{in.Number, found.state}, err
}

// cancel takes the points and the goods back and gives the money back. Where
// the goods do not come back the money stays here; without the points it goes
// back all the same.
func (o *order) cancel(ctx context.Context, in parcel) (orderStatus, error) {
	labour(ctx, 2*time.Millisecond)
	found, err := o.placed(in.Number)
	if err != nil {
		return orderStatus{}, err
	}
	if found.state != "paid" {
		return orderStatus{}, status.Errorf(codes.FailedPrecondition, "order %q is %s: only one that is paid can be cancelled", in.Number, found.state)
	}
	if err := o.loyalty.Call(ctx, "POST /points/revocations", points{found.Quantity}, &none{}); err != nil {
		telemetry.Degrade(ctx, "points stay with the customer", err)
	}
	if err := o.stock.Call(ctx, "POST /returns", found.Purchase, &none{}); err != nil {
		return orderStatus{}, err
	}
	if err := o.payment.Call(ctx, "POST /refunds", payment{Cents: cents * found.Quantity}, &paid{}); err != nil {
		return orderStatus{}, err
	}
	o.remember(ctx, pick{Purchase: found.Purchase, Number: in.Number}, "cancelled")
	return orderStatus{in.Number, "cancelled"}, nil
}

func (o *order) placed(number string) (placed, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	found, ok := o.states[number]
	if !ok {
		return placed{}, status.Errorf(codes.NotFound, "order %q: not found", number)
	}
	return found, nil
}

func (o *order) remember(ctx context.Context, in pick, state string) {
	telemetry.State(ctx, state)
	o.mu.Lock()
	defer o.mu.Unlock()
	_, known := o.states[in.Number]
	o.states[in.Number] = placed{in.Purchase, state}
	if known {
		return
	}
	if o.oldest = append(o.oldest, in.Number); len(o.oldest) > remembered {
		delete(o.states, o.oldest[0])
		o.oldest = o.oldest[1:]
	}
}
