package edgemetric

import (
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Names of the service graph's metrics, as Grafana knows them. They carry the
// unit; the metrics have none, so that exporters add no suffix.
const (
	RequestTotal  = "traces_service_graph_request_total"
	RequestFailed = "traces_service_graph_request_failed_total"
	RequestServer = "traces_service_graph_request_server_seconds"
	RequestClient = "traces_service_graph_request_client_seconds"
)

// Labels of the service graph.
const (
	LabelClient         = "client"
	LabelServer         = "server"
	LabelConnectionType = "connection_type"
	// Labels that are there only where a service has a namespace or an
	// environment: they keep apart what has the same name.
	LabelNamespace   = "_service_namespace"
	LabelEnvironment = "_deployment_environment_name"
)

// Values of LabelConnectionType.
const (
	ConnectionMessaging = "messaging_system"
	ConnectionDatabase  = "database"
	ConnectionVirtual   = "virtual_node"
)

// Names of those who are no service.
const (
	ClientUser    = "user"    // the caller of an entrance
	ClientUnknown = "unknown" // a caller whose spans never came
	Remainder     = "(other)" // client and server of the edges beyond the limit
)

// serviceEdge is what the labels tell apart.
type serviceEdge struct {
	client, server callgraph.Service
	connectionType string
}

var remainder = serviceEdge{client: callgraph.Service{Name: Remainder}, server: callgraph.Service{Name: Remainder}}

func serviceEdgeOf(e *callgraph.Edge) serviceEdge {
	s := serviceEdge{e.Caller.Service, e.Callee.Service, connectionType(e)}
	switch e.Caller.Node {
	case callgraph.Outside:
		s.client = callgraph.Service{Name: ClientUser}
	case callgraph.Unknown:
		s.client = callgraph.Service{Name: ClientUnknown}
	}
	return s
}

func connectionType(e *callgraph.Edge) string {
	switch {
	case e.Connection == callgraph.Messaging:
		return ConnectionMessaging
	case e.Connection == callgraph.Database:
		return ConnectionDatabase
	case e.Caller.Node != callgraph.Observed || e.Callee.Node != callgraph.Observed:
		return ConnectionVirtual
	}
	return ""
}

// serviceSeries are an edge's counts.
type serviceSeries struct {
	start          time.Time
	shown          bool
	rank           callgraph.Weight // calls since it is watched
	calls, failed  callgraph.Weight
	client, server callgraph.Tally
}

// add counts the halves that no SDK counts.
func (s *serviceSeries) add(c *callgraph.Call, w callgraph.Weight) {
	client, server := c.Uncounted()
	if client {
		s.client.Add(c.Client.Duration, w)
	}
	if server {
		s.server.Add(c.Server.Duration, w)
	}
	if client || server && !c.Client.Seen {
		s.calls += w
		if c.Outcome().Failed() {
			s.failed += w
		}
	}
}

func (s *serviceSeries) merge(o *serviceSeries) {
	s.calls += o.calls
	s.failed += o.failed
	s.client.Merge(&o.client)
	s.server.Merge(&o.server)
}

// serviceView is the metrics in the making.
type serviceView struct {
	calls, failed  pmetric.NumberDataPointSlice
	client, server histograms
	now            pcommon.Timestamp
}

func newServiceView(ms pmetric.MetricSlice, bounds []float64, now pcommon.Timestamp) serviceView {
	return serviceView{
		calls:  counter(ms, RequestTotal),
		failed: counter(ms, RequestFailed),
		client: newHistograms(ms, RequestClient, bounds),
		server: newHistograms(ms, RequestServer, bounds),
		now:    now,
	}
}

func counter(ms pmetric.MetricSlice, name string) pmetric.NumberDataPointSlice {
	m := ms.AppendEmpty()
	m.SetName(name)
	m.SetEmptySum().SetIsMonotonic(true)
	m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return m.Sum().DataPoints()
}

func (v *serviceView) add(key serviceEdge, s *serviceSeries) {
	labels := labelsOf(key)
	v.number(v.calls, labels, s, s.calls)
	v.number(v.failed, labels, s, s.failed)
	v.client.add(labels, s.client.Steady(), pcommon.NewTimestampFromTime(s.start), v.now)
	v.server.add(labels, s.server.Steady(), pcommon.NewTimestampFromTime(s.start), v.now)
}

func (v *serviceView) number(points pmetric.NumberDataPointSlice, labels pcommon.Map, s *serviceSeries, w callgraph.Weight) {
	p := points.AppendEmpty()
	labels.CopyTo(p.Attributes())
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(s.start))
	p.SetTimestamp(v.now)
	p.SetIntValue(int64(w.Calls()))
}

func (v *serviceView) removeEmpty(ms pmetric.MetricSlice) {
	ms.RemoveIf(func(m pmetric.Metric) bool {
		switch m.Type() {
		case pmetric.MetricTypeSum:
			return m.Sum().DataPoints().Len() == 0
		case pmetric.MetricTypeHistogram:
			return m.Histogram().DataPoints().Len() == 0
		}
		return m.ExponentialHistogram().DataPoints().Len() == 0
	})
}

func labelsOf(key serviceEdge) pcommon.Map {
	m := pcommon.NewMap()
	m.PutStr(LabelClient, key.client.Name)
	m.PutStr(LabelServer, key.server.Name)
	m.PutStr(LabelConnectionType, key.connectionType)
	putName(m, LabelClient+LabelNamespace, key.client.Namespace)
	putName(m, LabelClient+LabelEnvironment, key.client.Environment)
	putName(m, LabelServer+LabelNamespace, key.server.Namespace)
	putName(m, LabelServer+LabelEnvironment, key.server.Environment)
	return m
}

// histograms are of one kind: exponential, or explicit where there are bounds.
type histograms struct {
	bounds      []float64
	exponential pmetric.ExponentialHistogramDataPointSlice
	explicit    pmetric.HistogramDataPointSlice
}

func newHistograms(ms pmetric.MetricSlice, name string, bounds []float64) histograms {
	m := ms.AppendEmpty()
	m.SetName(name)
	if len(bounds) == 0 {
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		return histograms{exponential: m.ExponentialHistogram().DataPoints()}
	}
	m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return histograms{bounds: bounds, explicit: m.Histogram().DataPoints()}
}

func (h histograms) add(labels pcommon.Map, sk callgraph.Sketch, start, now pcommon.Timestamp) {
	if sk.Count() == 0 {
		return
	}
	if len(h.bounds) > 0 {
		p := h.explicit.AppendEmpty()
		labels.CopyTo(p.Attributes())
		p.SetStartTimestamp(start)
		p.SetTimestamp(now)
		putExplicit(p, &sk, h.bounds)
		return
	}
	p := h.exponential.AppendEmpty()
	labels.CopyTo(p.Attributes())
	p.SetStartTimestamp(start)
	p.SetTimestamp(now)
	putSketch(p, &sk)
}

// putExplicit puts each bin into the bucket that holds its upper bound, which
// moves durations up by at most 4.4 %.
func putExplicit(p pmetric.HistogramDataPoint, sk *callgraph.Sketch, bounds []float64) {
	counts := make([]uint64, len(bounds)+1)
	counts[0] = sk.Zero
	for _, b := range sk.Bins {
		i, _ := slices.BinarySearch(bounds, upper(b.Index))
		counts[i] += b.Count
	}
	p.ExplicitBounds().FromRaw(bounds)
	p.BucketCounts().FromRaw(counts)
	p.SetCount(sk.Count())
	p.SetSum(float64(sk.Nanos) / 1e9)
}

// upper is the upper bound, in seconds, of the bin.
func upper(index int32) float64 {
	return math.Exp2(float64(index+1) / (1 << callgraph.SketchScale))
}
