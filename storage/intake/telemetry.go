package intake

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/storage"
)

// Names of the metrics and of their attributes.
const (
	meterName     = "github.com/jcallgraph/jcallgraph/storage/intake"
	metricSpans   = "jcallgraph.storage.spans.refused"
	metricWrites  = "jcallgraph.storage.writes.failed"
	metricRepeats = "jcallgraph.storage.writes.repeated"
	metricForgot  = "jcallgraph.storage.intervals.refused"
	metricIgnored = "jcallgraph.storage.points.ignored"
	keyReason     = "reason"
)

// Why a write failed.
const (
	causeFull    = "full"
	causeClosed  = "closed"
	causeTimeout = "timeout"
	causeError   = "error"
)

type counters struct{ spans, writes, repeats, intervals, ignored metric.Int64Counter }

func newCounters(provider metric.MeterProvider) (*counters, error) {
	meter := provider.Meter(meterName)
	spans, err := meter.Int64Counter(metricSpans, metric.WithUnit("{span}"),
		metric.WithDescription("Spans that were left out of a write because no backend can keep them."))
	writes, err2 := meter.Int64Counter(metricWrites, metric.WithUnit("{write}"),
		metric.WithDescription("Writes that the backend did not take and the sender may repeat."))
	repeats, err3 := meter.Int64Counter(metricRepeats, metric.WithUnit("{write}"),
		metric.WithDescription("Writes of requests that had been stored before and are not counted again."))
	intervals, err4 := meter.Int64Counter(metricForgot, metric.WithUnit("{interval}"),
		metric.WithDescription("Intervals of SDKs that came too late to know whether they were counted before, and are not."))
	ignored, err5 := meter.Int64Counter(metricIgnored, metric.WithUnit("{point}"),
		metric.WithDescription("Points of metrics that are no edge metrics and were dropped."))
	if err := errors.Join(err, err2, err3, err4, err5); err != nil {
		return nil, err
	}
	c := &counters{spans, writes, repeats, intervals, ignored}
	c.begin()
	return c, nil
}

// begin makes every reason appear at 0, so that an alert sees the first one.
func (c *counters) begin() {
	for _, reason := range []string{storage.RefusedTraceID, storage.RefusedSpanID} {
		c.refused(context.Background(), reason, 0)
	}
	for _, cause := range []string{causeFull, causeClosed, causeTimeout, causeError} {
		c.writes.Add(context.Background(), 0, metric.WithAttributes(attribute.String(keyReason, cause)))
	}
	for _, counter := range []metric.Int64Counter{c.repeats, c.intervals, c.ignored} {
		counter.Add(context.Background(), 0)
	}
}

func (c *counters) refused(ctx context.Context, reason string, n int64) {
	c.spans.Add(ctx, n, metric.WithAttributes(attribute.String(keyReason, reason)))
}

func (c *counters) failed(ctx context.Context, reason string) {
	c.writes.Add(ctx, 1, metric.WithAttributes(attribute.String(keyReason, reason)))
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
