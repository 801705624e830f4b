package edge

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgeschema"
)

// MetricExporter sends metrics; every exporter of OTel's metric SDK is one.
type MetricExporter interface {
	Export(context.Context, *metricdata.ResourceMetrics) error
	Shutdown(context.Context) error
}

// Metrics sends intervals as metrics. The resource is the SDK's own.
func Metrics(e MetricExporter, r *resource.Resource) Exporter { return metrics{e, r} }

type metrics struct {
	MetricExporter
	resource *resource.Resource
}

func (m metrics) ExportInterval(ctx context.Context, i callgraph.Interval) error {
	return m.Export(ctx, Encode(i, m.resource))
}

// Encode tells the interval as metrics of delta temporality, for any exporter
// of OTel's metric SDK. The resource is the SDK's own.
func Encode(i callgraph.Interval, r *resource.Resource) *metricdata.ResourceMetrics {
	var p points
	for j := range i.Cells {
		p.add(&i.Cells[j])
	}
	return &metricdata.ResourceMetrics{
		Resource: counting(r, i.Instance),
		ScopeMetrics: []metricdata.ScopeMetrics{{
			Scope: instrumentation.Scope{
				Name:       edgeschema.ScopeName,
				Version:    edgeschema.ScopeVersion,
				Attributes: attribute.NewSet(attribute.Int64(edgeschema.AttributeInterval, int64(i.Number))),
			},
			Metrics: p.metrics(),
		}},
	}
}

// counting is the resource of the process as one that counts.
func counting(r *resource.Resource, instance string) *resource.Resource {
	return resource.NewWithAttributes(r.SchemaURL(), append(r.Attributes(),
		attribute.String(edgeschema.AttributeSource, callgraph.Counted.String()),
		attribute.String(edgeschema.AttributeInstance, instance))...)
}

type (
	count    = metricdata.DataPoint[int64]
	duration = metricdata.ExponentialHistogramDataPoint[float64]
)

// points are an interval's, by metric.
type points struct {
	calls, serverOnly     []count
	client, server, queue []duration
}

// add tells a cell: a point of calls in any case, the others where they are
// not zero.
func (p *points) add(c *callgraph.Cell) {
	key := keyOf(c)
	set := attribute.NewSet(key...)
	calls := set
	if c.Folded {
		calls = attribute.NewSet(append(key, attribute.Bool(edgeschema.AttributeFolded, true))...)
	}
	w := c.Bucket.Window()
	p.calls = append(p.calls, count{Attributes: calls, StartTime: w.From, Time: w.To, Value: int64(c.Calls())})
	if c.ServerOnly > 0 {
		p.serverOnly = append(p.serverOnly, count{Attributes: calls, StartTime: w.From, Time: w.To, Value: int64(c.ServerOnly)})
	}
	p.client = appendDuration(p.client, &c.Client, set, w)
	p.server = appendDuration(p.server, &c.Server, set, w)
	p.queue = appendDuration(p.queue, &c.Queue, set, w)
}

// keyOf is what tells the cell from others of its bucket.
func keyOf(c *callgraph.Cell) []attribute.KeyValue {
	key := make([]attribute.KeyValue, 0, 13)
	key = appendEnd(key, &clientKeys, &c.Edge.Caller)
	key = appendEnd(key, &serverKeys, &c.Edge.Callee)
	key = appendName(key, edgeschema.AttributeConnection, c.Edge.Connection.String())
	return append(key, attribute.String(edgeschema.AttributeOutcome, c.Outcome.String()))
}

// endKeys are the attributes of one end of an edge.
type endKeys struct{ service, namespace, environment, operation, node string }

var (
	clientKeys = keysOf(edgeschema.ClientEnd)
	serverKeys = keysOf(edgeschema.ServerEnd)
)

func keysOf(end string) endKeys {
	return endKeys{
		service:     end + edgeschema.EndService,
		namespace:   end + edgeschema.EndNamespace,
		environment: end + edgeschema.EndEnvironment,
		operation:   end + edgeschema.EndOperation,
		node:        end + edgeschema.EndNode,
	}
}

func appendEnd(to []attribute.KeyValue, k *endKeys, o *callgraph.Operation) []attribute.KeyValue {
	to = appendName(to, k.service, o.Service.Name)
	to = appendName(to, k.namespace, o.Service.Namespace)
	to = appendName(to, k.environment, o.Service.Environment)
	to = appendName(to, k.operation, o.Name)
	if o.Node != callgraph.Observed {
		to = append(to, attribute.String(k.node, o.Node.String()))
	}
	return to
}

func appendName(to []attribute.KeyValue, key, name string) []attribute.KeyValue {
	if name == "" {
		return to
	}
	return append(to, attribute.String(key, name))
}

func appendDuration(to []duration, s *callgraph.Sketch, set attribute.Set, w callgraph.Window) []duration {
	n := s.Count()
	if n == 0 {
		return to
	}
	seconds := float64(s.Nanos) / 1e9
	if sum, ok := edgeschema.Nanos(seconds); !ok || sum != s.Nanos { // a double is too short
		set = attribute.NewSet(append(set.ToSlice(), attribute.Int64(edgeschema.AttributeSumNanos, int64(s.Nanos)))...)
	}
	return append(to, duration{
		Attributes: set, StartTime: w.From, Time: w.To,
		Count: n, Sum: seconds, Scale: callgraph.SketchScale, ZeroCount: s.Zero, PositiveBucket: dense(s.Bins),
	})
}

// dense is the bins from the first to the last, with those that hold nothing.
func dense(bins []callgraph.Bin) metricdata.ExponentialBucket {
	if len(bins) == 0 {
		return metricdata.ExponentialBucket{}
	}
	first, last := bins[0].Index, bins[len(bins)-1].Index
	b := metricdata.ExponentialBucket{Offset: first, Counts: make([]uint64, last-first+1)}
	for _, bin := range bins {
		b.Counts[bin.Index-first] = bin.Count
	}
	return b
}

// metrics leaves out those without points.
func (p *points) metrics() []metricdata.Metrics {
	var m []metricdata.Metrics
	m = appendCounts(m, edgeschema.Calls, p.calls)
	m = appendDurations(m, edgeschema.ClientDuration, p.client)
	m = appendDurations(m, edgeschema.ServerDuration, p.server)
	m = appendDurations(m, edgeschema.QueueDuration, p.queue)
	return appendCounts(m, edgeschema.ServerOnlyCalls, p.serverOnly)
}

func appendCounts(to []metricdata.Metrics, name string, p []count) []metricdata.Metrics {
	if len(p) == 0 {
		return to
	}
	sum := metricdata.Sum[int64]{DataPoints: p, Temporality: metricdata.DeltaTemporality}
	return append(to, metricdata.Metrics{Name: name, Unit: edgeschema.UnitCalls, Data: sum})
}

func appendDurations(to []metricdata.Metrics, name string, p []duration) []metricdata.Metrics {
	if len(p) == 0 {
		return to
	}
	h := metricdata.ExponentialHistogram[float64]{DataPoints: p, Temporality: metricdata.DeltaTemporality}
	return append(to, metricdata.Metrics{Name: name, Unit: edgeschema.UnitSeconds, Data: h})
}
