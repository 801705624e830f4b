package sdk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// Metrics that the SDK tells of itself. Names under otel.sdk are those of the
// semantic conventions, the others are ours.
const (
	MetricQueueSize      = "otel.sdk.processor.span.queue.size"
	MetricQueueCapacity  = "otel.sdk.processor.span.queue.capacity"
	MetricProcessed      = "otel.sdk.processor.span.processed"
	MetricExported       = "otel.sdk.exporter.span.exported"
	MetricExportDuration = "otel.sdk.exporter.operation.duration"

	MetricKept           = "jcallgraph.sdk.span.kept"
	MetricDiscarded      = "jcallgraph.sdk.span.discarded"
	MetricThinned        = "jcallgraph.sdk.storm.thinned"
	MetricBodies         = "jcallgraph.sdk.body.in_use"
	MetricBodyLimit      = "jcallgraph.sdk.body.limit"
	MetricBodiesRefused  = "jcallgraph.sdk.body.refused"
	MetricEdgeCells      = "jcallgraph.sdk.edge.cells"
	MetricEdgesFolded    = "jcallgraph.sdk.edge.folded"
	MetricEdgesRefused   = "jcallgraph.sdk.edge.refused"
	MetricEdgesUncertain = "jcallgraph.sdk.edge.uncertain"
)

// Attributes of them.
const (
	attributeErrorType     = "error.type"
	attributeComponentType = "otel.component.type"
	attributeComponentName = "otel.component.name"
	attributeReason        = "jcallgraph.sdk.reason"
	attributeQueue         = "jcallgraph.sdk.queue"

	componentType = "jcallgraph_span_processor"
)

func attributesOf(key, value string, more ...attribute.KeyValue) metric.ObserveOption {
	return metric.WithAttributeSet(attribute.NewSet(append(more, attribute.String(key, value))...))
}

// observe has the meter provider ask for the counts when it collects. It costs
// spans nothing.
func (p *TracerProvider) observe() {
	meters := p.options.meters
	if meters == nil {
		meters = otel.GetMeterProvider()
	}
	o := &observer{provider: p, meter: meters.Meter(defaultTracerName)}
	p.observer = noop.Registration{}
	o.prepare()
	r, err := o.meter.RegisterCallback(o.tell, o.all...)
	if err = errors.Join(append(o.errs, err)...); err != nil {
		handle(fmt.Errorf("the SDK's own metrics: %w", err))
	}
	if r != nil {
		p.observer = r
	}
}

// observer tells a provider's counts.
type observer struct {
	provider *TracerProvider
	meter    metric.Meter
	all      []metric.Observable
	errs     []error

	queueSize, queueCapacity, bodies, bodyLimit, edgeCells   metric.Int64ObservableUpDownCounter
	processed, exported, kept, discarded, thinned            metric.Int64ObservableCounter
	bodiesRefused, edgesFolded, edgesRefused, edgesUncertain metric.Int64ObservableCounter
}

func (o *observer) prepare() {
	o.queueSize = o.level(MetricQueueSize, "{span}", "Spans that wait for an exporter.")
	o.queueCapacity = o.level(MetricQueueCapacity, "{span}", "Spans that may wait for an exporter.")
	o.processed = o.count(MetricProcessed, "{span}", "Spans that were handed to exporters, or dropped before (error.type).")
	o.exported = o.count(MetricExported, "{span}", "Spans that exporters took, or did not (error.type).")
	o.kept = o.count(MetricKept, "{span}", "Ended spans that were kept, by reason.")
	o.discarded = o.count(MetricDiscarded, "{span}", "Ended spans that the policy discarded.")
	o.thinned = o.count(MetricThinned, "{trace}", "Failed local traces that an error storm thinned out.")
	o.bodies = o.level(MetricBodies, "{span}", "Spans that hold more than name, status and times.")
	o.bodyLimit = o.level(MetricBodyLimit, "{span}", "Spans that may hold more than name, status and times.")
	o.bodiesRefused = o.count(MetricBodiesRefused, "{span}", "Spans whose attributes were refused at that limit.")
	o.edgeCells = o.level(MetricEdgeCells, "{cell}", "Counts of calls that are held.")
	o.edgesFolded = o.count(MetricEdgesFolded, "{call}", "Calls counted under a folded name.")
	o.edgesRefused = o.count(MetricEdgesRefused, "{interval}", "Intervals that the receiver did not take.")
	o.edgesUncertain = o.count(MetricEdgesUncertain, "{interval}", "Intervals of which nobody knows whether they arrived.")
	latency, err := o.meter.Float64Histogram(MetricExportDuration, metric.WithUnit("s"), metric.WithDescription("How long exports took."))
	o.provider.stats.latency.Store(&latency)
	o.errs = append(o.errs, err)
}

func (o *observer) level(name, unit, description string) metric.Int64ObservableUpDownCounter {
	i, err := o.meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	o.all, o.errs = append(o.all, i), append(o.errs, err)
	return i
}

func (o *observer) count(name, unit, description string) metric.Int64ObservableCounter {
	i, err := o.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	o.all, o.errs = append(o.all, i), append(o.errs, err)
	return i
}

// tell is called by the meter provider.
func (o *observer) tell(_ context.Context, to metric.Observer) error {
	spans, bodies, edges := o.provider.stats.status(), o.provider.bodies.status(), o.provider.edges.status()
	to.ObserveInt64(o.kept, int64(spans.KeptFailed), attributesOf(attributeReason, "failed"))
	to.ObserveInt64(o.kept, int64(spans.KeptByRate), attributesOf(attributeReason, "rate"))
	to.ObserveInt64(o.discarded, int64(spans.Discarded))
	to.ObserveInt64(o.thinned, int64(spans.Thinned))
	to.ObserveInt64(o.bodies, bodies.InUse)
	to.ObserveInt64(o.bodyLimit, bodies.Limit)
	to.ObserveInt64(o.bodiesRefused, int64(bodies.Refused))
	o.tellProcessed(to, &spans)
	for i, p := range o.provider.pumps {
		o.tellQueues(to, p, component(i))
	}
	if edges.Counted {
		to.ObserveInt64(o.edgeCells, edges.Cells)
		to.ObserveInt64(o.edgesFolded, int64(edges.Folded))
		to.ObserveInt64(o.edgesRefused, int64(edges.Refused))
		to.ObserveInt64(o.edgesUncertain, int64(edges.Uncertain))
	}
	return nil
}

// tellProcessed: each exporter has every span that is kept; those that it has
// dropped are told by reason.
func (o *observer) tellProcessed(to metric.Observer, s *SpanStatus) {
	d := s.Dropped
	lost := d.QueueFailed + d.QueueOthers
	offered := (s.KeptFailed + s.KeptByRate - min(d.Shutdown, s.KeptFailed+s.KeptByRate)) * uint64(len(o.provider.pumps))
	is := attribute.String(attributeComponentType, componentType)
	to.ObserveInt64(o.processed, int64(offered-min(lost, offered)), metric.WithAttributes(is))
	for _, l := range []struct {
		reason, queue string
		n             uint64
	}{{"queue_full", "failed", d.QueueFailed}, {"queue_full", "others", d.QueueOthers}, {"already_shutdown", "", d.Shutdown}} {
		to.ObserveInt64(o.processed, int64(l.n), attributesOf(attributeErrorType, l.reason, is, attribute.String(attributeQueue, l.queue)))
	}
	to.ObserveInt64(o.exported, int64(o.provider.stats.sent.Load()), metric.WithAttributes(is))
	to.ObserveInt64(o.exported, int64(d.Export), attributesOf(attributeErrorType, "_OTHER", is))
}

func component(i int) attribute.KeyValue {
	return attribute.String(attributeComponentName, fmt.Sprintf("%s/%d", componentType, i))
}

func (o *observer) tellQueues(to metric.Observer, p *pump, name attribute.KeyValue) {
	if p.immediate {
		return
	}
	q, is := p.status(), attribute.String(attributeComponentType, componentType)
	to.ObserveInt64(o.queueSize, int64(q.Failed), attributesOf(attributeQueue, "failed", is, name))
	to.ObserveInt64(o.queueSize, int64(q.Others), attributesOf(attributeQueue, "others", is, name))
	to.ObserveInt64(o.queueCapacity, int64(q.Capacity), attributesOf(attributeQueue, "failed", is, name))
	to.ObserveInt64(o.queueCapacity, int64(q.Capacity), attributesOf(attributeQueue, "others", is, name))
}

// observeExport tells how long one took.
func (s *stats) observeExport(took time.Duration, err error) {
	latency := s.latency.Load()
	if latency == nil {
		return
	}
	is := []attribute.KeyValue{attribute.String(attributeComponentType, componentType)}
	if err != nil {
		is = append(is, attribute.String(attributeErrorType, "_OTHER"))
	}
	(*latency).Record(context.Background(), took.Seconds(), metric.WithAttributes(is...))
}
