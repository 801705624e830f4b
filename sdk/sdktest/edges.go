package sdktest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgeschema"
)

// Edge is how often calls of an edge ended in an outcome, as the process
// counted them: as their client, as their server.
type Edge struct {
	callgraph.Edge
	Outcome        string
	Client, Server uint64
}

// String is the edge in one line.
func (e Edge) String() string {
	return fmt.Sprintf("%s %s client=%d server=%d", e.Edge, e.Outcome, e.Client, e.Server)
}

// Edges are the calls counted so far of local traces that have ended, whatever
// was sampled, ordered by their text.
func (r *Recorder) Edges() []Edge {
	r.t.Helper()
	if err := r.provider.ForceFlush(context.Background()); err != nil {
		r.t.Errorf("flush the edge counters: %v", err)
	}
	return r.edges.read()
}

func lines(edges []Edge) string {
	var b strings.Builder
	for _, e := range edges {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

type edgeKey struct {
	edge    callgraph.Edge
	outcome string
}

// counts is an exporter of metrics that adds up what edges it is told of.
type counts struct {
	mu   sync.Mutex
	sums map[edgeKey]*Edge
}

func (*counts) Temporality(sdkmetric.InstrumentKind) metricdata.Temporality {
	return metricdata.DeltaTemporality
}

func (*counts) Aggregation(k sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	return sdkmetric.DefaultAggregationSelector(k)
}

// Export implements sdkmetric.Exporter.
func (c *counts) Export(_ context.Context, m *metricdata.ResourceMetrics) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, scope := range m.ScopeMetrics {
		for _, metric := range scope.Metrics {
			histogram, ok := metric.Data.(metricdata.ExponentialHistogram[float64])
			if !ok {
				continue
			}
			for _, point := range histogram.DataPoints {
				c.add(metric.Name, point.Attributes, point.Count)
			}
		}
	}
	return nil
}

func (c *counts) add(metric string, set attribute.Set, n uint64) {
	edge := c.of(keyOf(set))
	switch metric {
	case edgeschema.ClientDuration:
		edge.Client += n
	case edgeschema.ServerDuration:
		edge.Server += n
	}
}

func (c *counts) of(key edgeKey) *Edge {
	edge, known := c.sums[key]
	if !known {
		edge = &Edge{Edge: key.edge, Outcome: key.outcome}
		c.sums[key] = edge
	}
	return edge
}

func (c *counts) read() (all []Edge) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.sums {
		all = append(all, *e)
	}
	slices.SortFunc(all, func(a, b Edge) int { return cmp.Compare(a.String(), b.String()) })
	return all
}

func (*counts) ForceFlush(context.Context) error { return nil }
func (*counts) Shutdown(context.Context) error   { return nil }

func keyOf(set attribute.Set) edgeKey {
	k := edgeKey{outcome: text(set, edgeschema.AttributeOutcome)}
	k.edge.Caller, k.edge.Callee = operationOf(set, edgeschema.ClientEnd), operationOf(set, edgeschema.ServerEnd)
	k.edge.Connection = named(text(set, edgeschema.AttributeConnection), callgraph.ConnectionUnset, callgraph.Database)
	return k
}

func operationOf(set attribute.Set, end string) callgraph.Operation {
	return callgraph.Operation{
		Service: callgraph.Service{
			Environment: text(set, end+edgeschema.EndEnvironment),
			Namespace:   text(set, end+edgeschema.EndNamespace),
			Name:        text(set, end+edgeschema.EndService),
		},
		Name: text(set, end+edgeschema.EndOperation),
		Node: named(text(set, end+edgeschema.EndNode), callgraph.Observed, callgraph.Referred),
	}
}

func text(set attribute.Set, key string) string {
	value, _ := set.Value(attribute.Key(key))
	return value.AsString()
}

// named is the value from first to last that calls itself so, else the first.
func named[V interface {
	~uint8
	fmt.Stringer
}](name string, first, last V) V {
	for v := first; v <= last; v++ {
		if v.String() == name {
			return v
		}
	}
	return first
}
