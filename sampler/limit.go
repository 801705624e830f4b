package sampler

import (
	"fmt"
	"math"
	"sync/atomic"
)

// smallestRatio bounds what adapts: a collector believes no weight above
// 100,000.
const smallestRatio = 1.0 / (1 << 16)

// Limit keeps about so many local traces a second, whatever their number, by a
// threshold that follows it. It learns from each second for the next, by Tick;
// when traces multiply within a second, at most twice the limit is kept of it.
// A Limit is shared by reference.
type Limit struct {
	perSecond float64
	arrivals  atomic.Int64  // since the last tick
	expected  atomic.Uint64 // a second's arrivals, as float bits
	second    atomic.Int64
}

// NewLimit keeps about so many local traces a second; at least one.
func NewLimit(perSecond int) *Limit {
	l := &Limit{perSecond: float64(max(perSecond, 1))}
	l.expected.Store(math.Float64bits(l.perSecond))
	return l
}

// Head implements Rate.
func (l *Limit) Head(s Start) Head { return headOf(l.threshold(l.arrivals.Add(1)), s.Randomness) }

// threshold is that of the n-th trace since the last tick.
func (l *Limit) threshold(n int64) Threshold {
	expected := math.Float64frombits(l.expected.Load())
	return thin(l.perSecond, expected, float64(n))
}

// thin is the threshold of the n-th in a second of which allowance may leave
// when as many come as are expected (at least the allowance). Beyond those the
// ratio falls by the square, so that of all that may still come at most the
// allowance leaves once more.
func thin(allowance, expected, n float64) Threshold {
	ratio := allowance / expected
	if n > expected {
		ratio *= expected / n * expected / n
	}
	if ratio >= 1 {
		return 0
	}
	return ThresholdFor(max(ratio, smallestRatio))
}

// Tick implements Ticker.
func (l *Limit) Tick(unixSecond int64) {
	last := l.second.Load()
	if !begins(unixSecond, last) || !l.second.CompareAndSwap(last, unixSecond) {
		return
	}
	seconds := float64(unixSecond - last)
	if last == 0 || seconds < 0 {
		seconds = 1
	}
	l.expected.Store(math.Float64bits(max(float64(l.arrivals.Swap(0))/seconds, l.perSecond)))
}

// String implements Rate.
func (l *Limit) String() string {
	now := Ratio{thin(l.perSecond, math.Float64frombits(l.expected.Load()), 0)}
	return fmt.Sprintf("%.0f a second (now %s)", l.perSecond, now)
}
