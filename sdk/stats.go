package sdk

import (
	"errors"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// stats counts what becomes of spans.
type stats struct {
	keptFailed, keptOthers striped // handed to the exporters
	discarded              striped // by the policy
	stormed                atomic.Uint64
	fullFailed, fullOthers atomic.Uint64 // no room in a queue
	shutdown               atomic.Uint64 // ended after Shutdown
	sent, sendFailed       atomic.Uint64
	exports                atomic.Uint64
	exportNanos            atomic.Int64
	latency                atomic.Pointer[metric.Float64Histogram]
}

// striped is a counter that goroutines rarely meet at.
type striped [stripes]stripe

func (s *striped) add(stripe uint8, n int64) { s[stripe].n.Add(n) }

func (s *striped) sum() (n int64) {
	for i := range s {
		n += s[i].n.Load()
	}
	return n
}

func (s *stats) kept(stripe uint8, failed bool) {
	if failed {
		s.keptFailed.add(stripe, 1)
		return
	}
	s.keptOthers.add(stripe, 1)
}

func (s *stats) exported(n int, took time.Duration, err error) {
	s.exports.Add(1)
	s.exportNanos.Add(int64(took))
	s.observeExport(took, err)
	lost := lostOf(n, err)
	s.sendFailed.Add(uint64(lost))
	s.sent.Add(uint64(n - lost))
}

// lostOf is how many of n spans an export did not bring there: all, unless its
// error says how many.
func lostOf(n int, err error) int {
	var says interface{ Lost() int }
	switch {
	case err == nil:
		return 0
	case errors.As(err, &says):
		return min(says.Lost(), n)
	}
	return n
}
