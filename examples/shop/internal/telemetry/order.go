package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"
)

// OrderKey is the business key: all traces that carry one order's number are
// one logical chain. The SDK copies it from the baggage to each later span of
// the order, in whatever process, and to log lines.
const OrderKey = "order.number"

// Keys of an order's payment and of its waybill: they are on the spans of whoever
// gives the number, and whoever has one finds the order by it.
const (
	PaymentKey = "payment.number"
	WaybillKey = "waybill.number"
)

// stateKey tells what became of the order.
const stateKey = "order.state"

// State says on the current span what became of the order that ctx works on.
func State(ctx context.Context, state string) {
	trace.SpanFromContext(ctx).SetAttributes(attribute.String(stateKey, state))
}

// Book puts the number of what ctx does for an order on the current span: the
// order's own, with a letter before it.
func Book(ctx context.Context, key, letter string) {
	trace.SpanFromContext(ctx).SetAttributes(attribute.String(key, letter+"-"+Order(ctx)))
}

// WithOrder puts the order's number on the current span and into the baggage.
func WithOrder(ctx context.Context, number string) context.Context {
	trace.SpanFromContext(ctx).SetAttributes(attribute.String(OrderKey, number))
	member, err := baggage.NewMemberRaw(OrderKey, number)
	if err != nil {
		return ctx // a customer asked for what cannot be a number
	}
	bag, err := baggage.FromContext(ctx).SetMember(member)
	if err != nil {
		return ctx // baggage is full
	}
	return baggage.ContextWithBaggage(ctx, bag)
}

// Order is the number of the order that ctx works on, or empty.
func Order(ctx context.Context) string {
	return baggage.FromContext(ctx).Member(OrderKey).Value()
}
