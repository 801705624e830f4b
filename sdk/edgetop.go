package sdk

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/jcallgraph/jcallgraph/callgraph/edgeschema"
)

// Bounds of what /debug/jcallgraph shows of edges.
const (
	topEdges     = 20
	watchedEdges = 1024
)

// EdgeCalls is an edge with the calls that were sent of it since the start.
type EdgeCalls struct {
	Caller string `json:"caller"`
	Callee string `json:"callee"`
	Calls  int64  `json:"calls"`
}

type edgeName struct{ caller, callee string }

// edgeWatch is the exporter of counts; it remembers how many calls it sent by
// edge. Edges beyond its bound are sent, but not shown.
type edgeWatch struct {
	sdkmetric.Exporter
	mu    sync.Mutex
	calls map[edgeName]int64
}

func watch(e sdkmetric.Exporter) *edgeWatch {
	return &edgeWatch{Exporter: e, calls: map[edgeName]int64{}}
}

// Export implements sdkmetric.Exporter. An interval is acknowledged once.
func (w *edgeWatch) Export(ctx context.Context, m *metricdata.ResourceMetrics) error {
	err := w.Exporter.Export(ctx, m)
	if err == nil {
		w.note(m)
	}
	return err
}

func (w *edgeWatch) note(m *metricdata.ResourceMetrics) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range m.ScopeMetrics {
		for _, metric := range m.ScopeMetrics[i].Metrics {
			if sum, ok := metric.Data.(metricdata.Sum[int64]); ok && metric.Name == edgeschema.Calls {
				w.add(sum.DataPoints)
			}
		}
	}
}

func (w *edgeWatch) add(points []metricdata.DataPoint[int64]) {
	for i := range points {
		if points[i].Value == 0 {
			continue // tells a name, no call
		}
		set := &points[i].Attributes
		name := edgeName{endName(set, edgeschema.ClientEnd), endName(set, edgeschema.ServerEnd)}
		if _, known := w.calls[name]; known || len(w.calls) < watchedEdges {
			w.calls[name] += points[i].Value
		}
	}
}

// endName is an end of an edge for people: its service and operation, or what
// it is instead.
func endName(set *attribute.Set, end string) string {
	text := func(key string) string {
		v, _ := set.Value(attribute.Key(end + key))
		return v.AsString()
	}
	name := firstOf(text(edgeschema.EndService), text(edgeschema.EndNode))
	if operation := text(edgeschema.EndOperation); operation != "" {
		name += " " + operation
	}
	return name
}

// top are the edges with the most calls.
func (w *edgeWatch) top() []EdgeCalls {
	w.mu.Lock()
	list := make([]EdgeCalls, 0, len(w.calls))
	for name, calls := range w.calls {
		list = append(list, EdgeCalls{name.caller, name.callee, calls})
	}
	w.mu.Unlock()
	slices.SortFunc(list, func(a, b EdgeCalls) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
	})
	return list[:min(len(list), topEdges)]
}
