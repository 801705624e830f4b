package edgemetric

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgeschema"
)

// Encode tells the cells as metrics: cumulative since the start of their
// bucket, in a resource for each writer and a scope for each sequence. Decode
// gives the same cells back.
func Encode(cells []callgraph.Cell) pmetric.Metrics {
	e := encoder{md: pmetric.NewMetrics(), writers: map[callgraph.Writer]pmetric.ResourceMetrics{}, scopes: map[flush]*scope{}}
	for i := range cells {
		c := &cells[i]
		e.scope(flush{c.Writer, c.Sequence}).add(c)
	}
	return e.md
}

type encoder struct {
	md      pmetric.Metrics
	writers map[callgraph.Writer]pmetric.ResourceMetrics
	scopes  map[flush]*scope
}

// flush is what all cells of a scope have in common.
type flush struct {
	callgraph.Writer
	sequence uint64
}

func (e *encoder) scope(f flush) *scope {
	s := e.scopes[f]
	if s == nil {
		sm := e.writer(f.Writer).ScopeMetrics().AppendEmpty()
		sm.Scope().SetName(ScopeName)
		sm.Scope().SetVersion(ScopeVersion)
		sm.Scope().Attributes().PutInt(AttributeSequence, int64(f.sequence))
		s = &scope{metrics: sm.Metrics(), temporality: pmetric.AggregationTemporalityCumulative}
		e.scopes[f] = s
	}
	return s
}

func (e *encoder) writer(w callgraph.Writer) pmetric.ResourceMetrics {
	rm, ok := e.writers[w]
	if !ok {
		rm = e.md.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr(AttributeWriter, fmt.Sprintf("%016x", w.ID))
		rm.Resource().Attributes().PutStr(AttributeSource, w.Source.String())
		e.writers[w] = rm
	}
	return rm
}

// scope makes each metric when its first point comes.
type scope struct {
	metrics                                pmetric.MetricSlice
	temporality                            pmetric.AggregationTemporality
	calls, serverOnly, provisional, unsure pmetric.NumberDataPointSlice
	client, server, queue                  pmetric.ExponentialHistogramDataPointSlice
}

// add tells a cell: a point of Calls in any case, the others where they are
// not zero.
func (s *scope) add(c *callgraph.Cell) {
	p := s.number(&s.calls, Calls).AppendEmpty()
	putKey(p.Attributes(), c)
	if s.temporality == pmetric.AggregationTemporalityCumulative {
		p.Attributes().PutInt(AttributeOpened, c.Opened)
	}
	number(p, c, c.Calls())
	s.count(&s.serverOnly, ServerOnlyCalls, p, c.ServerOnly)
	s.count(&s.provisional, ProvisionalCalls, p, c.Provisional)
	s.count(&s.unsure, WeightUnknownCalls, p, c.WeightUnknown)
	s.durations(&s.client, ClientDuration, p, &c.Client)
	s.durations(&s.server, ServerDuration, p, &c.Server)
	s.durations(&s.queue, QueueDuration, p, &c.Queue)
	putState(p.Attributes(), c)
}

func (s *scope) number(points *pmetric.NumberDataPointSlice, name string) pmetric.NumberDataPointSlice {
	if *points == (pmetric.NumberDataPointSlice{}) {
		m := s.metric(name, UnitCalls)
		m.SetEmptySum().SetAggregationTemporality(s.temporality)
		*points = m.Sum().DataPoints()
	}
	return *points
}

func (s *scope) histogram(points *pmetric.ExponentialHistogramDataPointSlice, name string) pmetric.ExponentialHistogramDataPointSlice {
	if *points == (pmetric.ExponentialHistogramDataPointSlice{}) {
		m := s.metric(name, UnitSeconds)
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(s.temporality)
		*points = m.ExponentialHistogram().DataPoints()
	}
	return *points
}

func (s *scope) metric(name, unit string) pmetric.Metric {
	m := s.metrics.AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	return m
}

func number(p pmetric.NumberDataPoint, c *callgraph.Cell, n uint64) {
	start := c.Bucket.Start * 1e9
	p.SetStartTimestamp(pcommon.Timestamp(start))
	p.SetTimestamp(pcommon.Timestamp(start + int64(c.Bucket.Width)*1e9))
	p.SetIntValue(int64(n))
}

func (s *scope) count(points *pmetric.NumberDataPointSlice, name string, like pmetric.NumberDataPoint, n uint64) {
	if n == 0 {
		return
	}
	p := s.number(points, name).AppendEmpty()
	like.CopyTo(p)
	p.SetIntValue(int64(n))
}

func (s *scope) durations(points *pmetric.ExponentialHistogramDataPointSlice, name string, like pmetric.NumberDataPoint, sk *callgraph.Sketch) {
	if sk.Nanos == 0 && sk.Count() == 0 {
		return
	}
	p := s.histogram(points, name).AppendEmpty()
	like.Attributes().CopyTo(p.Attributes())
	p.SetStartTimestamp(like.StartTimestamp())
	p.SetTimestamp(like.Timestamp())
	putSketch(p, sk)
	if n, ok := edgeschema.Nanos(p.Sum()); !ok || n != sk.Nanos {
		p.Attributes().PutInt(AttributeSumNanos, int64(sk.Nanos))
	}
}

// putSketch fills a point with the sketch, dense from its first bin to its last.
func putSketch(p pmetric.ExponentialHistogramDataPoint, sk *callgraph.Sketch) {
	p.SetScale(callgraph.SketchScale)
	p.SetZeroCount(sk.Zero)
	p.SetCount(sk.Count())
	p.SetSum(float64(sk.Nanos) / 1e9)
	if len(sk.Bins) == 0 {
		return
	}
	next, last := sk.Bins[0].Index, sk.Bins[len(sk.Bins)-1].Index
	p.Positive().SetOffset(next)
	counts := p.Positive().BucketCounts()
	counts.EnsureCapacity(int(last-next) + 1)
	for _, b := range sk.Bins {
		for ; next < b.Index; next++ {
			counts.Append(0)
		}
		counts.Append(b.Count)
		next++
	}
}

// putKey puts what tells the cell from others of its writer and bucket.
func putKey(m pcommon.Map, c *callgraph.Cell) {
	m.EnsureCapacity(9)
	putEnd(m, &clientKeys, &c.Edge.Caller)
	putEnd(m, &serverKeys, &c.Edge.Callee)
	putName(m, AttributeConnection, c.Edge.Connection.String())
	m.PutStr(AttributeOutcome, c.Outcome.String())
}

// putState puts what the points of Calls alone say.
func putState(m pcommon.Map, c *callgraph.Cell) {
	if c.Folded {
		m.PutBool(AttributeFolded, true)
	}
	if c.Closed != 0 {
		m.PutInt(AttributeClosed, c.Closed)
	}
}

// endKeys are the attributes of one end of an edge.
type endKeys struct{ service, namespace, environment, operation, node string }

var (
	clientKeys = endKeys{ClientEnd + EndService, ClientEnd + EndNamespace, ClientEnd + EndEnvironment, ClientEnd + EndOperation, ClientEnd + EndNode}
	serverKeys = endKeys{ServerEnd + EndService, ServerEnd + EndNamespace, ServerEnd + EndEnvironment, ServerEnd + EndOperation, ServerEnd + EndNode}
)

func putEnd(m pcommon.Map, k *endKeys, o *callgraph.Operation) {
	putName(m, k.service, o.Service.Name)
	putName(m, k.namespace, o.Service.Namespace)
	putName(m, k.environment, o.Service.Environment)
	putName(m, k.operation, o.Name)
	if o.Node != callgraph.Observed {
		m.PutStr(k.node, o.Node.String())
	}
}

func putName(m pcommon.Map, key, name string) {
	if name != "" {
		m.PutStr(key, name)
	}
}
