package sdk

import (
	"context"

	"go.opentelemetry.io/otel/trace"
)

// spanKey is the private key by which OTel's API looks for the current span,
// and spanKeyKnown says that a context which answers to it is believed.
var spanKey, spanKeyKnown = learnSpanKey()

func isSpanKey(key any) bool { return key == spanKey && spanKeyKnown }

func learnSpanKey() (key any, known bool) {
	asked := &asked{Context: context.Background()}
	trace.SpanFromContext(asked)
	asked.answer = silentSpan{}
	return asked.key, asked.key != nil && trace.SpanFromContext(asked) == trace.Span(asked.answer)
}

// asked is a context that notes the key that it is asked for.
type asked struct {
	context.Context
	key    any
	answer trace.Span
}

func (a *asked) Value(key any) any {
	a.key = key
	if a.answer == nil {
		return nil
	}
	return a.answer
}

// currentSpan is the current span of ctx: one of ours, or another one whose
// span context is valid.
func currentSpan(ctx context.Context) (ours *span, any trace.Span) {
	if s, ok := ctx.(*span); ok {
		return s, s
	}
	current := trace.SpanFromContext(ctx)
	ours, _ = current.(*span)
	return ours, current
}
