package sampler

import (
	"fmt"
	"math"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// Slowest keeps the slowest part of each operation's spans: those above a
// quantile of what the operation took lately. It learns by Tick. Operations
// (name and kind) beyond 1,024 share one limit. It sees the spans that nothing
// before it in Any kept. A Slowest is shared by reference.
type Slowest struct {
	quantile float64
	second   atomic.Int64
	turn     sync.Mutex
	table    table[latency]
}

// latency is how long an operation's spans took, by octave and eighth of it.
type latency struct {
	limit atomic.Int64 // nanoseconds; 0: not known yet
	left  uint64       // spans counted before this turn
	idle  int          // turns without spans
	count [octaves * eighths]atomic.Uint32
}

const (
	eighths = 8
	octaves = 40 // from 1 µs

	slowestTurn  = 10  // seconds after which limits follow
	slowestSpans = 100 // spans that tell a limit
	slowestIdle  = 60  // turns without spans after which an operation is forgotten
)

// NewSlowest keeps spans above the quantile, such as 0.999. Quantiles outside
// of 0 to 1 keep none.
func NewSlowest(quantile float64) *Slowest {
	if !(quantile > 0 && quantile < 1) {
		quantile = math.Inf(1)
	}
	return &Slowest{quantile: quantile}
}

// Keep implements Keep.
func (s *Slowest) Keep(f Facts) bool {
	l := s.table.slot(pair{f.Operation, f.Kind.String()}, func(*latency, int) {})
	l.count[bucketOf(f.Duration)].Add(1)
	limit := l.limit.Load()
	return limit > 0 && int64(f.Duration) >= limit
}

// bucketOf is the bucket of a duration; each is an eighth of an octave wide.
func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0)) >> 7 // 128 ns: an eighth of the first octave
	if v < eighths {
		return int(v)
	}
	octave := bits.Len64(v) - 4
	return min((octave+1)*eighths+int(v>>octave)-eighths, octaves*eighths-1)
}

// boundOf is the lower bound of a bucket.
func boundOf(bucket int) int64 {
	if bucket < eighths {
		return int64(bucket) << 7
	}
	octave := bucket/eighths - 1
	return int64(eighths+bucket%eighths) << octave << 7
}

// Tick implements Ticker.
func (s *Slowest) Tick(unixSecond int64) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if !apart(unixSecond, s.second.Load(), slowestTurn) {
		return
	}
	s.second.Store(unixSecond)
	for _, l := range s.table.all() {
		l.learn(s.quantile)
	}
	s.table.shared.learn(s.quantile)
	s.table.prune(func(l *latency) bool { return l.idle >= slowestIdle })
}

// learn sets the limit to the quantile and halves the counts, so that later
// spans weigh more.
func (l *latency) learn(quantile float64) {
	var total uint64
	for i := range l.count {
		total += uint64(l.count[i].Load())
	}
	if total == l.left {
		l.idle++
		return
	}
	l.idle, l.left = 0, total
	if total < slowestSpans {
		return
	}
	l.limit.Store(l.upper(quantile * float64(total)))
	l.left = 0
	for i := range l.count {
		n := l.count[i].Load()
		l.left += uint64(n / 2)
		l.count[i].Add(n/2 - n)
	}
}

// upper is the upper bound of the bucket with the span of that rank.
func (l *latency) upper(rank float64) int64 {
	var spans float64
	for i := range l.count {
		spans += float64(l.count[i].Load())
		if spans >= rank {
			return boundOf(i + 1)
		}
	}
	return math.MaxInt64
}

// String implements Keep.
func (s *Slowest) String() string {
	return fmt.Sprintf("slow (above the %g quantile of its operation)", s.quantile)
}
