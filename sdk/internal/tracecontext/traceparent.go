package tracecontext

import (
	"context"
	"encoding/hex"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const (
	parentLength = len("00-0123456789abcdef0123456789abcdef-0123456789abcdef-00")
	knownFlags   = trace.FlagsSampled | trace.FlagsRandom
)

// parent is a traceparent; the zero value is none.
type parent struct {
	traceID trace.TraceID
	spanID  trace.SpanID
	flags   trace.TraceFlags
}

func (p parent) valid() bool { return p.traceID.IsValid() && p.spanID.IsValid() }

// parseParent reads version 0 itself and leaves what does not look like it
// to the stock propagator, whose answer is ours.
func parseParent(s string) parent {
	if len(s) != parentLength || s[:3] != "00-" || s[35] != '-' || s[52] != '-' {
		return stockParent(s)
	}
	traceID, err1 := trace.TraceIDFromHex(s[3:35])
	spanID, err2 := trace.SpanIDFromHex(s[36:52])
	flags := trace.TraceFlags(hexDigits[s[53]]<<4 | hexDigits[s[54]])
	if err1 != nil || err2 != nil || flags&^knownFlags != 0 {
		return parent{} // what is no digit sets unknown flags, too
	}
	return parent{traceID, spanID, flags}
}

func stockParent(s string) parent {
	if s == "" {
		return parent{}
	}
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{parentHeader: s})
	sc := trace.SpanContextFromContext(ctx)
	return parent{traceID: sc.TraceID(), spanID: sc.SpanID(), flags: sc.TraceFlags()}
}

// hexDigits has 0xff for what is no lower-case digit.
var hexDigits = func() (digits [256]byte) {
	for i := range digits {
		digits[i] = 0xff
	}
	for i, c := range "0123456789abcdef" {
		digits[c] = byte(i)
	}
	return digits
}()

func (p parent) appendTo(b []byte) []byte {
	var text [parentLength]byte
	copy(text[:], "00-")
	hex.Encode(text[3:], p.traceID[:])
	text[35] = '-'
	hex.Encode(text[36:], p.spanID[:])
	text[52] = '-'
	hex.Encode(text[53:], []byte{byte(p.flags & knownFlags)})
	return append(b, text[:]...)
}
