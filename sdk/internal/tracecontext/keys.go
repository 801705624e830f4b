package tracecontext

import (
	"context"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"
)

// The private keys of otel-go, as a context sees them. Without one, the value
// is nil and equals no key.
var (
	spanKey    = capture(func(ctx context.Context) { trace.SpanFromContext(ctx) })
	baggageKey = capture(func(ctx context.Context) { baggage.FromContext(ctx) })
)

// remoteKey finds the nearest Remote that holds baggage.
type remoteKey struct{}

// nodesWork reports whether a Remote can be the context itself with the
// otel-go that is linked.
var nodesWork = testNodes()

// IsSpanKey reports whether key is the one by which trace.SpanFromContext
// asks a context for its span. It is always false where contexts of our own
// do not work: a span has then to be put into a context by otel-go.
func IsSpanKey(key any) bool { return nodesWork && key == spanKey }

// NodesWork reports whether contexts of our own work with the otel-go that is
// linked.
func NodesWork() bool { return nodesWork }

// probe is a context that notes the key it is asked for.
type probe struct {
	context.Context
	key any
}

func (p *probe) Value(key any) any {
	p.key = key
	return nil
}

func capture(ask func(context.Context)) any {
	p := &probe{Context: context.Background()}
	ask(p)
	return p.key
}

// testNodes tries all that a Remote relies on: both look-ups reach it, its
// baggage is what the stock parser makes of it, and whoever sets baggage
// reads it first, so that the raw baggage of a Remote that nobody has read
// is that of every context below it.
func testNodes() bool {
	if spanKey == nil || baggageKey == nil || spanKey == baggageKey {
		return false
	}
	const raw = "key=a%20b,other="
	node := func() *Remote {
		return &Remote{Context: context.Background(), Span: noSpan, traceID: trace.TraceID{1}, spanID: trace.SpanID{1}, rawBaggage: raw}
	}
	read, set, cleared := node(), node(), node()
	if span, ok := trace.SpanFromContext(read).(*Remote); !ok || span != read {
		return false
	}
	untouched := read.parsed.Load() == nil
	if b := baggage.FromContext(read); !untouched || b.Len() != 2 || b.Member("key").Value() != "a b" || read.parsed.Load() == nil {
		return false
	}
	below := baggage.ContextWithBaggage(set, baggage.Baggage{})
	without := baggage.ContextWithoutBaggage(cleared)
	return set.parsed.Load() != nil && cleared.parsed.Load() != nil &&
		baggage.FromContext(below).Len() == 0 && baggage.FromContext(without).Len() == 0
}
