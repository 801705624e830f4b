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
	var p parent
	var flags [1]byte
	if !unhex(p.traceID[:], s[3:35]) || !unhex(p.spanID[:], s[36:52]) || !unhex(flags[:], s[53:]) {
		return parent{}
	}
	p.flags = trace.TraceFlags(flags[0])
	if p.flags&^knownFlags != 0 || !p.valid() {
		return parent{}
	}
	return p
}

func stockParent(s string) parent {
	if s == "" {
		return parent{}
	}
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{parentHeader: s})
	sc := trace.SpanContextFromContext(ctx)
	return parent{traceID: sc.TraceID(), spanID: sc.SpanID(), flags: sc.TraceFlags()}
}

// unhex reads lower-case digits only; s has twice as many characters as dst.
func unhex(dst []byte, s string) bool {
	bad := byte(0)
	for i := range dst {
		high, low := hexDigits[s[2*i]], hexDigits[s[2*i+1]]
		dst[i] = high<<4 | low&0xf
		bad |= high | low
	}
	return bad <= 0xf
}

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
	b = append(b, "00-"...)
	b = append(hex.AppendEncode(b, p.traceID[:]), '-')
	b = append(hex.AppendEncode(b, p.spanID[:]), '-')
	return hex.AppendEncode(b, []byte{byte(p.flags & knownFlags)})
}
