package sampler

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// Randomness is what a trace is kept or discarded by, the same in all of its
// processes: 56 bits, spread evenly.
type Randomness uint64

// RandomnessOf is the randomness of a trace that carries none (rv): the last
// seven bytes of its ID.
func RandomnessOf(traceID [16]byte) Randomness {
	return Randomness(binary.BigEndian.Uint64(traceID[8:]) & (1<<56 - 1))
}

// Threshold is how many of 2^56 values of randomness are rejected: all below
// it. The zero value keeps everything.
type Threshold uint64

// Never keeps nothing. It is no threshold that a span can carry.
const Never Threshold = 1 << 56

const digits = 14 // hex digits of 56 bits

// precision is how many digits of a threshold matter, not counting the f or 0
// that it begins with: as the samplers of OpenTelemetry's collector have it.
const precision = 4

// ThresholdFor keeps the given part of all traces, from 0 to 1. It is rounded
// to four hex digits behind leading f or 0, which keeps tracestate short; the
// weight is that of the rounded one.
func ThresholdFor(ratio float64) Threshold {
	switch {
	case ratio >= 1:
		return 0
	case !(ratio > 0): // NaN too
		return Never
	}
	kept := uint64(math.Round(ratio * (1 << 56)))
	if kept == 0 {
		return Never
	}
	t := uint64(Never) - kept
	leading := max(bits.LeadingZeros64(kept), bits.LeadingZeros64(t)) - 8
	unit := uint64(1) << (4 * max(0, digits-precision-leading/4))
	return Threshold((t + unit/2) / unit * unit)
}

// Keeps reports whether a trace of randomness r is kept.
func (t Threshold) Keeps(r Randomness) bool { return uint64(r) >= uint64(t) }

// Weight is how many spans a kept one stands for; 0 where none is kept.
func (t Threshold) Weight() float64 {
	if t >= Never {
		return 0
	}
	return float64(1<<56) / float64(Never-t)
}

// String is the threshold as th carries it: hex without trailing zeros, "0"
// where all is kept; "never", which th cannot carry, where nothing is.
func (t Threshold) String() string {
	if t >= Never {
		return "never"
	}
	return string(t.append(make([]byte, 0, digits)))
}

func (t Threshold) append(b []byte) []byte {
	n := len(b)
	b = appendHex(b, uint64(t))
	for len(b) > n+1 && b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

// appendHex appends the 14 digits of 56 bits.
func appendHex(b []byte, v uint64) []byte {
	const hex = "0123456789abcdef"
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		b = append(b, hex[v>>shift&15])
	}
	return b
}

// ParseThreshold reads what th carries: 1 to 14 hex digits, zeros at the end
// left out or not.
func ParseThreshold(s string) (Threshold, error) {
	v, ok := parseHex(s)
	if !ok {
		return 0, fmt.Errorf("threshold %s is not 1 to 14 hex digits", quote(s))
	}
	return Threshold(v << (4 * (digits - len(s)))), nil
}

// ParseRandomness reads what rv carries: 14 hex digits.
func ParseRandomness(s string) (Randomness, error) {
	v, ok := parseHex(s)
	if !ok || len(s) != digits {
		return 0, fmt.Errorf("randomness %s is not 14 hex digits", quote(s))
	}
	return Randomness(v), nil
}

// String is the randomness as rv carries it.
func (r Randomness) String() string { return string(appendHex(make([]byte, 0, digits), uint64(r))) }

func parseHex(s string) (v uint64, ok bool) {
	if len(s) == 0 || len(s) > digits {
		return 0, false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			v = v<<4 | uint64(c-'0')
		case 'a' <= c && c <= 'f':
			v = v<<4 | uint64(c-'a'+10)
		case 'A' <= c && c <= 'F':
			v = v<<4 | uint64(c-'A'+10)
		default:
			return 0, false
		}
	}
	return v, true
}

// quote keeps errors short whatever was sent.
func quote(s string) string {
	if len(s) > 32 {
		return strconv.Quote(s[:32]) + "…"
	}
	return strconv.Quote(s)
}
