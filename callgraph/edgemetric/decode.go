package edgemetric

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Decode reads the cells that Encode told, in the order of their first points.
// Metrics whose name does not begin with Prefix are not looked at. Of the
// schema's own, any that is malformed or not known fails the whole with its
// name and the reason: a part of a cell would overwrite the whole one. So do
// intervals: see DecodeAll.
func Decode(md pmetric.Metrics) ([]callgraph.Cell, error) {
	t, err := decode(md, false)
	return t.Cells, err
}

func decode(md pmetric.Metrics, intervals bool) (Told, error) {
	var t Told
	d := decoder{cells: map[identity]int{}, intervals: intervals}
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			if err := d.scope(rm.Resource().Attributes(), sm, &t); err != nil {
				return Told{}, err
			}
		}
	}
	var err error
	t.Cells, err = d.finish()
	return t, err
}

type decoder struct {
	order []decoded
	cells map[identity]int // index in order
	first int              // index of the scope's first cell
	next  int              // where the next point's cell is, if points come in the same order
	flush
	intervals bool // are read, too
	delta     bool // the scope is an interval
}

// identity is what a cell's points have in common.
type identity struct {
	callgraph.CellKey
	sequence uint64
}

// decoded is a cell and what was given of it.
type decoded struct {
	callgraph.Cell
	given uint8  // a bit for each metric
	calls uint64 // as Calls said
}

// scope is a flush or an interval, as the temporality of its first metric says.
func (d *decoder) scope(resource pcommon.Map, sm pmetric.ScopeMetrics, t *Told) error {
	for _, m := range sm.Metrics().All() {
		if !strings.HasPrefix(m.Name(), Prefix) {
			continue
		}
		if d.intervals && temporality(m) == pmetric.AggregationTemporalityDelta {
			in, err := readInterval(resource, sm)
			if err == nil {
				t.Intervals = append(t.Intervals, in)
			}
			return err
		}
		d.first = len(d.order)
		if err := d.readFlush(resource, sm.Scope().Attributes()); err != nil {
			return fmt.Errorf("metric %q: %w", m.Name(), err)
		}
		return d.metrics(sm)
	}
	return nil
}

func (d *decoder) metrics(sm pmetric.ScopeMetrics) error {
	for _, m := range sm.Metrics().All() {
		if !strings.HasPrefix(m.Name(), Prefix) {
			continue
		}
		if err := d.metric(m); err != nil {
			return fmt.Errorf("metric %q: %w", m.Name(), err)
		}
	}
	return nil
}

func temporality(m pmetric.Metric) pmetric.AggregationTemporality {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().AggregationTemporality()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().AggregationTemporality()
	}
	return pmetric.AggregationTemporalityUnspecified
}

func (d *decoder) readFlush(resource, scope pcommon.Map) error {
	writer, err := text(resource, AttributeWriter)
	if err != nil {
		return err
	}
	if d.ID, err = strconv.ParseUint(writer, 16, 64); err != nil || len(writer) != 16 {
		return fmt.Errorf("resource attribute %s is %q, not 16 hex digits", AttributeWriter, writer)
	}
	if d.Source, err = source(resource); err != nil {
		return err
	}
	sequence, ok := scope.Get(AttributeSequence)
	if !ok || sequence.Type() != pcommon.ValueTypeInt {
		return fmt.Errorf("scope attribute %s is missing or no integer", AttributeSequence)
	}
	d.sequence = uint64(sequence.Int())
	return nil
}

func source(resource pcommon.Map) (callgraph.Source, error) {
	name, err := text(resource, AttributeSource)
	if err != nil {
		return 0, err
	}
	for _, s := range []callgraph.Source{callgraph.Derived, callgraph.Counted} {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("resource attribute %s is %q, neither derived nor sdk", AttributeSource, name)
}

func text(m pcommon.Map, key string) (string, error) {
	v, ok := m.Get(key)
	if !ok || v.Type() != pcommon.ValueTypeStr {
		return "", fmt.Errorf("resource attribute %s is missing or no string", key)
	}
	return v.Str(), nil
}

// Bits of decoded.given.
const (
	givenCalls uint8 = 1 << iota
	givenClient
	givenServer
	givenQueue
	givenServerOnly
	givenProvisional
	givenUnsure
)

func (d *decoder) metric(m pmetric.Metric) error {
	d.next = d.first
	switch m.Name() {
	case Calls:
		return d.numbers(m, givenCalls, func(c *decoded, n uint64) { c.calls = n })
	case ServerOnlyCalls:
		return d.numbers(m, givenServerOnly, func(c *decoded, n uint64) { c.ServerOnly = n })
	case ProvisionalCalls:
		if d.delta {
			return errors.New("is not part of intervals: an SDK knows how its calls ended")
		}
		return d.numbers(m, givenProvisional, func(c *decoded, n uint64) { c.Provisional = n })
	case WeightUnknownCalls:
		return d.numbers(m, givenUnsure, func(c *decoded, n uint64) { c.WeightUnknown = n })
	case ClientDuration:
		return d.histograms(m, givenClient, func(c *decoded) *callgraph.Sketch { return &c.Client })
	case ServerDuration:
		return d.histograms(m, givenServer, func(c *decoded) *callgraph.Sketch { return &c.Server })
	case QueueDuration:
		return d.histograms(m, givenQueue, func(c *decoded) *callgraph.Sketch { return &c.Queue })
	}
	return fmt.Errorf("is not part of version %s of the schema", ScopeVersion)
}

func (d *decoder) numbers(m pmetric.Metric, bit uint8, set func(*decoded, uint64)) error {
	if err := check(m, pmetric.MetricTypeSum, UnitCalls); err != nil {
		return err
	}
	if err := d.sameTemporality(m); err != nil {
		return err
	}
	for i, p := range m.Sum().DataPoints().All() {
		if p.ValueType() != pmetric.NumberDataPointValueTypeInt || p.IntValue() < 0 {
			return fmt.Errorf("point %d: value is no count", i)
		}
		c, err := d.cell(p, bit)
		if err != nil {
			return fmt.Errorf("point %d: %w", i, err)
		}
		set(c, uint64(p.IntValue()))
	}
	return nil
}

func (d *decoder) histograms(m pmetric.Metric, bit uint8, of func(*decoded) *callgraph.Sketch) error {
	if err := check(m, pmetric.MetricTypeExponentialHistogram, UnitSeconds); err != nil {
		return err
	}
	if err := d.sameTemporality(m); err != nil {
		return err
	}
	for i, p := range m.ExponentialHistogram().DataPoints().All() {
		c, err := d.cell(p, bit)
		if err == nil {
			err = readSketch(p, of(c))
		}
		if err != nil {
			return fmt.Errorf("point %d: %w", i, err)
		}
	}
	return nil
}

func check(m pmetric.Metric, t pmetric.MetricType, unit string) error {
	if m.Type() != t {
		return fmt.Errorf("is of type %s, not %s", m.Type(), t)
	}
	if m.Unit() != unit {
		return fmt.Errorf("has the unit %q, not %q", m.Unit(), unit)
	}
	return nil
}

func (d *decoder) sameTemporality(m pmetric.Metric) error {
	want := pmetric.AggregationTemporalityCumulative
	if d.delta {
		want = pmetric.AggregationTemporalityDelta
	}
	if t := temporality(m); t != want {
		return fmt.Errorf("has temporality %s, not %s", t, want)
	}
	return nil
}

// cell is the point's, made with its first point.
func (d *decoder) cell(p point, bit uint8) (*decoded, error) {
	key, state, err := readPoint(p)
	if err != nil {
		return nil, err
	}
	if d.delta {
		err = checkDelta(key, state)
	}
	if err != nil {
		return nil, err
	}
	key.Writer = d.Writer
	c := d.find(identity{key, d.sequence})
	if c.given&bit != 0 {
		return nil, fmt.Errorf("cell %s %s is given twice", key.Edge, key.Outcome)
	}
	c.given |= bit
	if bit == givenCalls {
		c.Folded, c.Closed = state.folded, state.closed
	}
	return c, nil
}

// find is the cell of that identity. Most metrics name cells in the order of
// the first: then no hash is made.
func (d *decoder) find(id identity) *decoded {
	if d.next < len(d.order) {
		if c := &d.order[d.next]; c.Sequence == id.sequence && c.CellKey == id.CellKey {
			d.next++
			return c
		}
	}
	i, ok := d.cells[id]
	if !ok {
		i = len(d.order)
		d.cells[id] = i
		d.order = append(d.order, decoded{Cell: callgraph.Cell{CellKey: id.CellKey, Sequence: id.sequence}})
	}
	d.next = i + 1
	return &d.order[i]
}

// finish checks what only whole cells show.
func (d *decoder) finish() ([]callgraph.Cell, error) {
	cells := make([]callgraph.Cell, len(d.order))
	for i := range d.order {
		c := &d.order[i]
		switch {
		case c.given&givenCalls == 0:
			return nil, fmt.Errorf("metric %q: no point for cell %s %s", Calls, c.Edge, c.Outcome)
		case c.calls != c.Calls():
			return nil, fmt.Errorf("metric %q: cell %s %s has %d calls, its halves say %d", Calls, c.Edge, c.Outcome, c.calls, c.Calls())
		case c.ServerOnly > c.Server.Count():
			return nil, fmt.Errorf("metric %q: cell %s %s has more than its server half", ServerOnlyCalls, c.Edge, c.Outcome)
		}
		cells[i] = c.Cell
	}
	return cells, nil
}
