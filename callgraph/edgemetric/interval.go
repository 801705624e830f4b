package edgemetric

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Told is what one request tells.
type Told struct {
	Cells     []callgraph.Cell     // of collectors: absolute
	Intervals []callgraph.Interval // of SDKs: to be added
}

// DecodeAll is Decode for those who can keep intervals, too: it reads one from
// each scope of delta temporality.
func DecodeAll(md pmetric.Metrics) (Told, error) { return decode(md, true) }

// maxInstance bounds the name of an instance: its mark is kept in memory.
const maxInstance = 1024

// readInterval reads a scope of an SDK.
func readInterval(resource pcommon.Map, sm pmetric.ScopeMetrics) (callgraph.Interval, error) {
	in, err := intervalOf(resource, sm.Scope().Attributes())
	if err != nil {
		return in, fmt.Errorf("interval of %s: %w", ScopeName, err)
	}
	d := decoder{cells: map[identity]int{}, delta: true}
	if err := d.metrics(sm); err != nil {
		return in, fmt.Errorf("interval %d: %w", in.Number, err)
	}
	if in.Cells, err = d.finish(); err == nil {
		err = addable(in.Cells)
	}
	if err != nil {
		return in, fmt.Errorf("interval %d: %w", in.Number, err)
	}
	return in, nil
}

// maxCounted is how many calls a cell of an interval may have: sums of them stay
// countable.
const maxCounted = 1 << 40

func addable(cells []callgraph.Cell) error {
	for i := range cells {
		c := &cells[i]
		if n := max(c.Client.Count(), c.Server.Count(), c.Queue.Count(), c.WeightUnknown); n > maxCounted {
			return fmt.Errorf("metric %q: cell %s %s has %d calls, %d are accepted of an interval", Calls, c.Edge, c.Outcome, n, uint64(maxCounted))
		}
	}
	return nil
}

func intervalOf(resource, scope pcommon.Map) (in callgraph.Interval, err error) {
	s, err := source(resource)
	if err != nil {
		return in, err
	}
	if s != callgraph.Counted {
		return in, fmt.Errorf("resource attribute %s is %q: only those of %q have delta temporality", AttributeSource, s, callgraph.Counted)
	}
	if in.Instance, err = instance(resource); err != nil {
		return in, err
	}
	number, ok := scope.Get(AttributeInterval)
	if !ok || number.Type() != pcommon.ValueTypeInt || number.Int() <= 0 {
		return in, fmt.Errorf("scope attribute %s is missing or no integer above 0", AttributeInterval)
	}
	in.Number = uint64(number.Int())
	return in, nil
}

// instance is the resource's process.
func instance(resource pcommon.Map) (string, error) {
	id, err := text(resource, AttributeInstance)
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", fmt.Errorf("resource attribute %s is empty", AttributeInstance)
	}
	nameOf := func(key string) string {
		v, ok := resource.Get(key)
		if !ok {
			return ""
		}
		return v.AsString()
	}
	name := callgraph.InstanceOf(callgraph.Service{
		Environment: nameOf(callgraph.EnvironmentKey), Namespace: nameOf(callgraph.NamespaceKey), Name: nameOf(callgraph.ServiceKey),
	}, id)
	if len(name) > maxInstance {
		return "", fmt.Errorf("resource attribute %s and the service's names have %d bytes together, %d are accepted", AttributeInstance, len(name), maxInstance)
	}
	return name, nil
}

// checkDelta refuses what only collectors say.
func checkDelta(key callgraph.CellKey, s state) error {
	switch {
	case key.Opened != 0:
		return fmt.Errorf("attribute %s is not part of intervals", AttributeOpened)
	case s.closed != 0:
		return fmt.Errorf("attribute %s is not part of intervals", AttributeClosed)
	case key.Bucket.Width != callgraph.HotWidth:
		return fmt.Errorf("its time is a bucket of %d s: intervals have those of %d s", key.Bucket.Width, callgraph.HotWidth)
	}
	return nil
}
