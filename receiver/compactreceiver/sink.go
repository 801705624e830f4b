package compactreceiver

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

// sink gives what frames hold to the pipelines: spans as traces, intervals as
// edge metrics.
type sink struct {
	id      component.ID
	report  *receiverhelper.ObsReport
	traces  consumer.Traces  // nil: no pipeline of traces names the receiver
	metrics consumer.Metrics // nil: none of metrics does
}

const format = "compact"

// Traces implements server.Sink.
func (s *sink) Traces(ctx context.Context, td ptrace.Traces) error {
	if s.traces == nil {
		return s.nowhere("traces")
	}
	spans := td.SpanCount() // the consumer may change them
	ctx = s.report.StartTracesOp(ctx)
	err := s.traces.ConsumeTraces(ctx, td)
	s.report.EndTracesOp(ctx, format, spans, err)
	return verdict(err)
}

// Interval implements server.Sink.
func (s *sink) Interval(ctx context.Context, i callgraph.Interval) error {
	if s.metrics == nil {
		return s.nowhere("metrics")
	}
	md, err := edgemetric.EncodeInterval(i)
	if err != nil {
		return server.Permanent(err)
	}
	points := md.DataPointCount()
	ctx = s.report.StartMetricsOp(ctx)
	err = s.metrics.ConsumeMetrics(ctx, md)
	s.report.EndMetricsOp(ctx, format, points, err)
	return verdict(err)
}

func (s *sink) nowhere(signal string) error {
	return server.Permanent(fmt.Errorf("receiver %s has no pipeline of %s: name it in service::pipelines::%s::receivers", s.id, signal, signal))
}

// verdict is a consumer's error as the server knows it.
func verdict(err error) error {
	if err != nil && consumererror.IsPermanent(err) {
		return server.Permanent(err)
	}
	return err
}
