package storageexporter

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/storage"
)

// writer is what the exporter needs of a backend.
type writer interface {
	storage.SpanWriter
	storage.CellWriter
}

// sink writes one signal to one backend.
type sink struct {
	config  *Config
	logger  *zap.Logger
	writer  writer
	counter *counters
	notice  notice
}

func newSink(set exporter.Settings, cfg *Config) (*sink, error) {
	counters, err := newCounters(set.MeterProvider)
	if err != nil {
		return nil, fmt.Errorf("create the exporter's own metrics: %w", err)
	}
	return &sink{config: cfg, logger: set.Logger, counter: counters}, nil
}

func (s *sink) start(_ context.Context, host component.Host) error {
	extension, ok := host.GetExtensions()[s.config.Storage]
	if !ok {
		return fmt.Errorf("storage: there is no extension %q; add it to service::extensions", s.config.Storage)
	}
	backends, ok := extension.(storage.Backends)
	if !ok {
		return fmt.Errorf("storage: extension %q keeps no backends; name one of type call_graph_storage", s.config.Storage)
	}
	backend, err := backends.Backend(s.config.Backend)
	if err != nil {
		return fmt.Errorf("backend: %w", err)
	}
	s.writer = backend
	return nil
}

func (s *sink) pushTraces(ctx context.Context, td ptrace.Traces) error {
	if err := s.writer.WriteSpans(ctx, td); err != nil {
		return s.failed(ctx, err)
	}
	s.countRefused(ctx, refused(td))
	return nil
}

func (s *sink) pushMetrics(ctx context.Context, md pmetric.Metrics) error {
	cells, err := decode(md)
	if err != nil {
		return consumererror.NewPermanent(err)
	}
	if err := s.writer.WriteCells(ctx, cells); err != nil {
		return s.failed(ctx, err)
	}
	return nil
}

// decode refuses what is not ours: a metrics pipeline that ends here by mistake
// must not lose its metrics in silence.
func decode(md pmetric.Metrics) ([]callgraph.Cell, error) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if !strings.HasPrefix(m.Name(), edgemetric.Prefix) {
					return nil, fmt.Errorf("metric %q is no edge metric: this exporter stores %s* only; remove it from other metrics pipelines", m.Name(), edgemetric.Prefix)
				}
			}
		}
	}
	cells, err := edgemetric.Decode(md)
	if err != nil {
		return nil, fmt.Errorf("decode edge metrics: %w", err)
	}
	return cells, nil
}

// failed counts a write that failed. All such errors are retryable: the
// content was accepted before the backend was asked.
func (s *sink) failed(ctx context.Context, err error) error {
	s.counter.failed(ctx, cause(err))
	return fmt.Errorf("write to backend %q: %w", s.config.Backend, err)
}

// cause is the counter's word for why a write failed.
func cause(err error) string {
	switch {
	case errors.Is(err, storage.ErrFull):
		return "full"
	case errors.Is(err, storage.ErrClosed):
		return "closed"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "error"
}

// refused counts the spans that no backend keeps, by reason; nil where there
// are none, as is usual.
func refused(td ptrace.Traces) map[string]int64 {
	var counts map[string]int64
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if reason := storage.Refusal(span); reason != "" {
					counts = increment(counts, reason)
				}
			}
		}
	}
	return counts
}

func increment(counts map[string]int64, reason string) map[string]int64 {
	if counts == nil {
		counts = map[string]int64{}
	}
	counts[reason]++
	return counts
}

func (s *sink) countRefused(ctx context.Context, counts map[string]int64) {
	if counts == nil {
		return
	}
	var sum int64
	for reason, n := range counts {
		s.counter.refused(ctx, reason, n)
		sum += n
	}
	if total, now := s.notice.add(sum); now {
		s.logger.Warn("spans refused that no backend can keep", zap.Any("reasons", counts), zap.Int64("refused_since_start", total))
	}
}
