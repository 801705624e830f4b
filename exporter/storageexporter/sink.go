package storageexporter

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/intake"
)

// sink writes one signal to one backend.
type sink struct {
	config    *Config
	telemetry component.TelemetrySettings
	intake    *intake.Intake // from start on
}

func newSink(set exporter.Settings, cfg component.Config) *sink {
	return &sink{config: cfg.(*Config), telemetry: set.TelemetrySettings}
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
	s.intake, err = intake.New(backend, s.telemetry.MeterProvider, s.telemetry.Logger)
	return err
}

// pushTraces fails with retryable errors only.
func (s *sink) pushTraces(ctx context.Context, td ptrace.Traces) error {
	_, err := s.intake.WriteSpans(ctx, td)
	return err
}

func (s *sink) pushMetrics(ctx context.Context, md pmetric.Metrics) error {
	cells, err := decode(md)
	if err != nil {
		return consumererror.NewPermanent(err)
	}
	return s.intake.WriteCells(ctx, cells)
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
