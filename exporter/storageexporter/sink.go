package storageexporter

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

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
	backend, err := storage.Find(host.GetExtensions(), s.config.Storage, s.config.Backend)
	if err != nil {
		return err
	}
	s.intake, err = intake.New(backend, s.telemetry.MeterProvider, s.telemetry.Logger)
	return err
}

// pushTraces fails with retryable errors only.
func (s *sink) pushTraces(ctx context.Context, td ptrace.Traces) error {
	_, err := s.intake.WriteSpans(ctx, td)
	return err
}

// pushMetrics writes all that it can: what one interval met does not keep the
// others waiting. All may be sent again.
func (s *sink) pushMetrics(ctx context.Context, md pmetric.Metrics) error {
	if err := s.others(ctx, md); err != nil {
		return consumererror.NewPermanent(err)
	}
	told, err := edgemetric.DecodeAll(md)
	if err != nil {
		return consumererror.NewPermanent(fmt.Errorf("decode edge metrics: %w", err))
	}
	var forgotten error
	for _, in := range told.Intervals {
		_, err := s.intake.WriteInterval(ctx, in)
		switch {
		case errors.Is(err, storage.ErrForgotten):
			forgotten = consumererror.NewPermanent(err)
		case err != nil:
			return err
		}
	}
	if len(told.Cells) > 0 {
		if err := s.intake.WriteCells(ctx, told.Cells); err != nil {
			return err
		}
	}
	return forgotten
}

// others refuses what is not ours, or drops it by leave of the configuration: a
// metrics pipeline that ends here by mistake must not lose its metrics in silence.
func (s *sink) others(ctx context.Context, md pmetric.Metrics) error {
	points, name := edgemetric.Foreign(md)
	if name != "" && s.config.OtherMetrics != drop {
		return fmt.Errorf("metric %q is no edge metric: this exporter stores %s* only; remove it from other metrics pipelines, or set other_metrics: %s", name, edgemetric.Prefix, drop)
	}
	s.intake.Ignore(ctx, points, name)
	return nil
}
