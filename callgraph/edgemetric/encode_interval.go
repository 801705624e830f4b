package edgemetric

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// EncodeInterval tells an interval as an SDK does: delta, in one scope.
// DecodeAll gives it back, its instance among it. One that the schema can't say
// is an error; of cells that are given twice, and of references that are none,
// DecodeAll tells.
func EncodeInterval(in callgraph.Interval) (pmetric.Metrics, error) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	if err := putInstance(rm, in.Instance); err != nil {
		return md, err
	}
	if in.Number == 0 || in.Number > math.MaxInt64 {
		return md, fmt.Errorf("interval's number is %d, not from 1 to 2^63-1", in.Number)
	}
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(ScopeName)
	sm.Scope().SetVersion(ScopeVersion)
	sm.Scope().Attributes().PutInt(AttributeInterval, int64(in.Number))
	s := scope{metrics: sm.Metrics(), temporality: pmetric.AggregationTemporalityDelta}
	s.number(&s.calls, Calls) // also without cells
	for i := range in.Cells {
		c := in.Cells[i]
		if err := tellable(&c); err != nil {
			return md, fmt.Errorf("interval %d: cell %d: %w", in.Number, i, err)
		}
		c.Closed = 0
		s.add(&c)
	}
	return md, nil
}

// putInstance puts what instance reads.
func putInstance(rm pmetric.ResourceMetrics, instance string) error {
	parts := strings.SplitN(instance, "\x00", 4)
	if len(parts) < 4 || parts[3] == "" || len(instance) > maxInstance {
		return fmt.Errorf("interval's instance is %q, not environment, namespace, service and %s, together at most %d bytes", instance[:min(len(instance), 100)], AttributeInstance, maxInstance)
	}
	m := rm.Resource().Attributes()
	m.PutStr(AttributeSource, callgraph.Counted.String())
	putName(m, callgraph.EnvironmentKey, parts[0])
	putName(m, callgraph.NamespaceKey, parts[1])
	putName(m, callgraph.ServiceKey, parts[2])
	m.PutStr(AttributeInstance, parts[3])
	return nil
}

// tellable checks what a point must have, before as many bins are made as it
// says.
func tellable(c *callgraph.Cell) error {
	const last = math.MaxInt64 / 1_000_000_000 // seconds that are nanoseconds, too
	b := c.Bucket
	switch {
	case int(c.Outcome) >= len(outcomes):
		return errors.New("outcome is none of the schema's")
	case int(c.Edge.Connection) >= len(connections) || int(c.Edge.Caller.Node) >= len(nodes) || int(c.Edge.Callee.Node) >= len(nodes):
		return errors.New("edge has a connection or node that is none of the schema's")
	case b.Width != callgraph.HotWidth || b.Start < -last || b.Start > last || b.Start%callgraph.HotWidth != 0:
		return fmt.Errorf("its time is no bucket of %d s", callgraph.HotWidth)
	case c.Provisional != 0:
		return errors.New("provisional calls are not part of intervals")
	}
	return errors.Join(tellableSketch(&c.Client), tellableSketch(&c.Server), tellableSketch(&c.Queue), tellableCounts(c))
}

func tellableCounts(c *callgraph.Cell) error {
	if c.WeightUnknown > maxCounted {
		return fmt.Errorf("it has %d calls, %d are accepted of an interval", c.WeightUnknown, uint64(maxCounted))
	}
	if n := c.Server.Count(); c.ServerOnly > n {
		return fmt.Errorf("%d calls are server only, its server half has %d", c.ServerOnly, n)
	}
	return nil
}

func tellableSketch(s *callgraph.Sketch) error {
	sum, before := s.Zero, int32(minIndex-1)
	for _, b := range s.Bins {
		if b.Index <= before || b.Index > maxIndex || b.Count == 0 || b.Count > maxCounted {
			return fmt.Errorf("bins are not from %d to %d, rising, with counts", minIndex, maxIndex)
		}
		sum += b.Count
		before = b.Index
	}
	if s.Zero > maxCounted || sum > maxCounted {
		return fmt.Errorf("it has %d calls, %d are accepted of an interval", sum, uint64(maxCounted))
	}
	return nil
}
