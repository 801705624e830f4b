package calltree

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// maxAdjustedCount is the greatest adjusted count that is believed: a foreign
// tracestate must not be able to make up traffic.
const maxAdjustedCount = 100_000

// weight is how many calls a span stands for.
type weight struct {
	count   float64
	unknown bool // count is 1 because nothing says more
	refused bool // it said more than maxAdjustedCount
}

// weightOf reads the sampling threshold of a span's tracestate (ot=th:…, the
// upper hex digits of T): the adjusted count is 1/(1−T/2^56). A span that was
// kept after its verdict stands for nothing.
func weightOf(span ptrace.Span, late bool) weight {
	if late {
		return weight{}
	}
	threshold, ok := thresholdOf(span.TraceState().AsRaw())
	if !ok {
		return weight{count: 1, unknown: true}
	}
	count := 1 / (1 - float64(threshold)/(1<<thresholdBits))
	if count > maxAdjustedCount {
		return weight{count: 1, unknown: true, refused: true}
	}
	return weight{count: count}
}

const (
	thresholdBits   = 56
	thresholdDigits = thresholdBits / 4
)

func thresholdOf(state string) (threshold uint64, ok bool) {
	for state != "" {
		var member string
		member, state, _ = strings.Cut(state, ",")
		if value, found := strings.CutPrefix(strings.TrimSpace(member), "ot="); found {
			return thresholdIn(value)
		}
	}
	return 0, false
}

func thresholdIn(value string) (threshold uint64, ok bool) {
	for value != "" {
		var field string
		field, value, _ = strings.Cut(value, ";")
		if digits, found := strings.CutPrefix(field, "th:"); found {
			return parseThreshold(digits)
		}
	}
	return 0, false
}

// parseThreshold reads at most 14 hex digits; zeros on the right were left out.
func parseThreshold(digits string) (threshold uint64, ok bool) {
	if len(digits) == 0 || len(digits) > thresholdDigits {
		return 0, false
	}
	t, err := strconv.ParseUint(digits, 16, 64)
	return t << (4 * (thresholdDigits - len(digits))), err == nil
}

// Weight is how many spans of its class a kept one stands for; unknown says
// that it is 1 because nothing says more. A span that was kept after its verdict
// stands for none (0).
func Weight(span ptrace.Span) (count float64, unknown bool) {
	w := weightOf(span, factsOf(span).Late())
	return w.count, w.unknown
}
