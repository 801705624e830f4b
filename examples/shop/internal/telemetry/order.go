package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// OrderKey is the business key: all traces that carry one order's number are
// one logical chain.
const OrderKey = "order.number"

// WithOrder puts the order's number on the current span and into the baggage,
// from where each later span of the order takes it, in whatever process.
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

// baggageCopier writes the business key on every span. Only that: what else
// callers put into baggage is not ours to store.
type baggageCopier struct{}

func (baggageCopier) OnStart(ctx context.Context, span sdktrace.ReadWriteSpan) {
	if number := Order(ctx); number != "" {
		span.SetAttributes(attribute.String(OrderKey, number))
	}
}

func (baggageCopier) OnEnd(sdktrace.ReadOnlySpan)      {}
func (baggageCopier) Shutdown(context.Context) error   { return nil }
func (baggageCopier) ForceFlush(context.Context) error { return nil }
