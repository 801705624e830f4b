package intake

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Names of the metrics.
const (
	meterName     = "github.com/jcallgraph/jcallgraph/storage/intake"
	metricSpans   = "jcallgraph.storage.spans.refused"
	metricWrites  = "jcallgraph.storage.writes.failed"
	metricRepeats = "jcallgraph.storage.writes.repeated"
	metricForgot  = "jcallgraph.storage.intervals.refused"
	metricIgnored = "jcallgraph.storage.points.ignored"
)

type counters struct{ spans, writes, repeats, intervals, ignored metric.Int64Counter }

func newCounters(provider metric.MeterProvider) (*counters, error) {
	meter := provider.Meter(meterName)
	spans, err := ownmetric.Counter(meter, metricSpans, "{span}", "Spans that were left out of a write because no backend can keep them.", storage.RefusedTraceID, storage.RefusedSpanID)
	writes, err2 := ownmetric.Counter(meter, metricWrites, "{write}", "Writes that the backend did not take and the sender may repeat.", storage.Causes()...)
	repeats, err3 := ownmetric.Counter(meter, metricRepeats, "{write}", "Writes of requests that had been stored before and are not counted again.")
	intervals, err4 := ownmetric.Counter(meter, metricForgot, "{interval}", "Intervals of SDKs that came too late to know whether they were counted before, and are not.")
	ignored, err5 := ownmetric.Counter(meter, metricIgnored, "{point}", "Points of metrics that are no edge metrics and were dropped.")
	return &counters{spans, writes, repeats, intervals, ignored}, errors.Join(err, err2, err3, err4, err5)
}

func (c *counters) refused(ctx context.Context, reason string, n int64) {
	c.spans.Add(ctx, n, ownmetric.Because(reason))
}

func (c *counters) failed(ctx context.Context, err error) {
	c.writes.Add(ctx, 1, ownmetric.Because(storage.Cause(err)))
}

// noticeEvery is how often the log tells of refused spans at most.
const noticeEvery = 10 * time.Second

// notice sums up what happens often and says when to tell it.
type notice struct {
	mu    sync.Mutex
	total int64
	told  time.Time
}

// add returns the sum and whether to tell it now.
func (n *notice) add(count int64) (total int64, now bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.total += count
	if time.Since(n.told) < noticeEvery {
		return n.total, false
	}
	n.told = time.Now()
	return n.total, true
}
