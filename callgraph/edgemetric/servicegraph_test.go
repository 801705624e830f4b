package edgemetric

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

var (
	start   = time.Unix(noon, 0)
	settled = start.Add(15 * time.Second)
)

// call is one of web.
func call(callee string) *callgraph.Call {
	op := func(name string) callgraph.Operation {
		return callgraph.Operation{Service: callgraph.Service{Name: name}, Name: "GET /"}
	}
	return &callgraph.Call{
		Edge: callgraph.Edge{Caller: op("web"), Callee: op(callee), Connection: callgraph.HTTP},
		End:  start, Arrival: start, Weight: 1,
		Client: callgraph.Half{Seen: true, Duration: 30 * time.Millisecond},
		Server: callgraph.Half{Seen: true, Duration: 20 * time.Millisecond},
	}
}

// series are the numbers by name and labels, as a scrape in text shows them.
func series(md pmetric.Metrics) map[string]uint64 {
	out := map[string]uint64{}
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			if m.Type() == pmetric.MetricTypeSum {
				for _, p := range m.Sum().DataPoints().All() {
					out[m.Name()+labels(p.Attributes())] = uint64(p.IntValue())
				}
				continue
			}
			for _, p := range m.ExponentialHistogram().DataPoints().All() {
				out[m.Name()+labels(p.Attributes())] = p.Count()
				for i, n := range p.Positive().BucketCounts().All() {
					out[fmt.Sprint(m.Name(), labels(p.Attributes()), p.Positive().Offset()+int32(i))] = n
				}
			}
		}
	}
	return out
}

func labels(m pcommon.Map) string {
	var l []string
	for k, v := range m.All() {
		l = append(l, fmt.Sprintf("%s=%q", k, v.Str()))
	}
	slices.Sort(l)
	return "{" + strings.Join(l, ",") + "}"
}

func labelled(client, server, kind string) string {
	return fmt.Sprintf(`{client=%q,connection_type=%q,server=%q}`, client, kind, server)
}

func TestServiceGraphCountsByServiceAndHalf(t *testing.T) {
	g := NewServiceGraph(ServiceGraphOptions{}, start)
	c := call("cart")
	g.Add(c)
	c.Edge.Callee.Name, c.Client.Outcome = "POST /", callgraph.Timeout
	g.Add(c)
	c.Client = callgraph.Half{}
	g.Add(c)
	got := series(g.Metrics(settled))
	l := labelled("web", "cart", "")
	require.EqualValues(t, 3, got[RequestTotal+l])
	require.EqualValues(t, 1, got[RequestFailed+l])
	require.EqualValues(t, 2, got[RequestClient+l])
	require.EqualValues(t, 3, got[RequestServer+l])
}

func TestHalvesOfSDKsAreNotInTheServiceGraph(t *testing.T) {
	g := NewServiceGraph(ServiceGraphOptions{}, start)
	c := call("cart")
	c.Client.Counted = true
	g.Add(c)
	got := series(g.Metrics(settled))
	l := labelled("web", "cart", "")
	require.EqualValues(t, 0, got[RequestTotal+l])
	require.EqualValues(t, 1, got[RequestServer+l])
}

func TestConnectionTypesAreTempos(t *testing.T) {
	cases := map[string]func(*callgraph.Edge){
		labelled("web", "cart", ""):                 func(*callgraph.Edge) {},
		labelled("web", "cart", "messaging_system"): func(e *callgraph.Edge) { e.Connection = callgraph.Messaging },
		labelled("web", "cart", "database"): func(e *callgraph.Edge) {
			e.Connection, e.Callee.Node = callgraph.Database, callgraph.Virtual
		},
		labelled("web", "cart", "virtual_node"): func(e *callgraph.Edge) { e.Callee.Node = callgraph.Virtual },
		labelled("user", "cart", "virtual_node"): func(e *callgraph.Edge) {
			e.Caller = callgraph.Operation{Node: callgraph.Outside}
		},
		labelled("unknown", "cart", "virtual_node"): func(e *callgraph.Edge) {
			e.Caller = callgraph.Operation{Node: callgraph.Unknown}
		},
		`{client="web",client_deployment_environment_name="test",client_service_namespace="shop",connection_type="",server="cart"}`: func(e *callgraph.Edge) {
			e.Caller.Service.Namespace, e.Caller.Service.Environment = "shop", "test"
		},
	}
	for want, change := range cases {
		g := NewServiceGraph(ServiceGraphOptions{}, start)
		c := call("cart")
		change(&c.Edge)
		g.Add(c)
		require.Contains(t, series(g.Metrics(settled)), RequestTotal+want)
	}
}

func TestCallsWaitWhileTheyMayBeTakenBack(t *testing.T) {
	g := NewServiceGraph(ServiceGraphOptions{}, start)
	g.Add(call("cart"))
	c := call("redis")
	c.Server, c.Provisional = callgraph.Half{}, true
	g.Add(c)
	g.Add(c)
	require.Empty(t, series(g.Metrics(start.Add(11*time.Second))))
	c.Retracted = true
	g.Add(c)
	require.Contains(t, series(g.Metrics(start.Add(15*time.Second))), RequestTotal+labelled("web", "cart", ""))
	got := series(g.Metrics(start.Add(65 * time.Second)))
	require.EqualValues(t, 1, got[RequestTotal+labelled("web", "redis", "")])
	require.Empty(t, g.waiting)
	g.Add(c)
	require.Equal(t, got, series(g.Metrics(start.Add(time.Hour))), "too late to be taken back")
}

func TestWhatAnEarlierRunCountedIsSkipped(t *testing.T) {
	g := NewServiceGraph(ServiceGraphOptions{}, start)
	g.Add(call("cart"))
	c := call("shop")
	c.Arrival = start.Add(time.Minute)
	g.Add(c)
	g.Skip(start.Add(time.Minute))
	got := series(g.Metrics(start.Add(time.Hour)))
	require.NotContains(t, got, RequestTotal+labelled("web", "cart", ""))
	require.Contains(t, got, RequestTotal+labelled("web", "shop", ""))
}

func TestEdgesBeyondTheLimitShareTheRemainder(t *testing.T) {
	g := NewServiceGraph(ServiceGraphOptions{Limit: 2}, start)
	for _, names := range [][]string{{"a", "b"}, {"c", "d"}} { // who comes first has series, at a time in no order
		for _, name := range names {
			g.Add(call(name))
		}
		g.Settle(settled)
	}
	got := series(g.Metrics(settled))
	require.EqualValues(t, 1, got[RequestTotal+labelled("web", "a", "")])
	require.EqualValues(t, 2, got[RequestTotal+labelled("(other)", "(other)", "")])
	require.Equal(t, 2, g.Folded())

	for range 5 {
		g.Add(call("c"))
	}
	before := series(g.Metrics(settled))
	g.Add(call("c"))
	after := series(g.Metrics(settled))
	require.EqualValues(t, 0, before[RequestTotal+labelled("web", "c", "")], "with series of its own from now on")
	require.EqualValues(t, 1, after[RequestTotal+labelled("web", "c", "")])
	require.EqualValues(t, 7, after[RequestTotal+labelled("(other)", "(other)", "")], "the remainder keeps what it counted")
}

// Whatever comes, a series that is there in two scrapes did not fall between
// them, and no call is lost but with a series that ended.
func TestNoSeriesEverFalls(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		limit := rapid.IntRange(1, 8).Draw(r, "limit")
		g := NewServiceGraph(ServiceGraphOptions{Limit: limit}, start)
		at, last := start, map[string]uint64{}
		for range rapid.IntRange(1, 25).Draw(r, "calls") {
			c := call(rapid.StringMatching("[a-f]").Draw(r, "callee"))
			c.Arrival = at
			c.Weight = rapid.Float64Range(1, 5).Draw(r, "weight")
			c.Client.Duration = time.Duration(rapid.Int64Range(0, 1e10).Draw(r, "duration"))
			if c.Provisional = rapid.Bool().Draw(r, "provisional"); c.Provisional {
				c.Server = callgraph.Half{}
			}
			g.Add(c)
			if c.Retracted = rapid.Bool().Draw(r, "retracted"); c.Provisional && c.Retracted {
				g.Add(c)
			}
			at = at.Add(time.Duration(rapid.IntRange(0, 30).Draw(r, "seconds")) * time.Second)
			now := series(g.Metrics(at))
			for k, n := range now {
				require.GreaterOrEqual(r, n, last[k], k)
			}
			last = now
		}
		require.LessOrEqual(r, g.shown, limit)
	})
}

func TestWatchedEdgesAreBounded(t *testing.T) {
	g := NewServiceGraph(ServiceGraphOptions{Limit: 3}, start)
	for i := range 1000 {
		g.Add(call(fmt.Sprint(i)))
		g.Metrics(settled)
	}
	require.LessOrEqual(t, len(g.edges), 3*candidates)
	got := series(g.Metrics(settled))
	require.EqualValues(t, 997, got[RequestTotal+labelled("(other)", "(other)", "")])
}

func TestExplicitBuckets(t *testing.T) {
	g := NewServiceGraph(ServiceGraphOptions{Bounds: []float64{0.01, 0.1, 1}}, start)
	for _, d := range []time.Duration{0, 5 * time.Millisecond, 50 * time.Millisecond, time.Minute} {
		c := call("cart")
		c.Client.Duration = d
		g.Add(c)
	}
	md := g.Metrics(settled)
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if m.Name() == RequestClient {
			p := m.Histogram().DataPoints().At(0)
			require.Equal(t, []uint64{2, 1, 0, 1}, p.BucketCounts().AsRaw())
			require.Equal(t, []float64{0.01, 0.1, 1}, p.ExplicitBounds().AsRaw())
			require.EqualValues(t, 4, p.Count())
		}
	}
}

func TestServiceGraphCarriesNoUnitAndIsCumulative(t *testing.T) {
	g := NewServiceGraph(ServiceGraphOptions{}, start)
	g.Add(call("cart"))
	names := map[string]bool{}
	for _, m := range g.Metrics(settled).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		names[m.Name()] = true
		require.Empty(t, m.Unit())
		if m.Type() == pmetric.MetricTypeSum {
			require.True(t, m.Sum().IsMonotonic())
			require.Equal(t, pmetric.AggregationTemporalityCumulative, m.Sum().AggregationTemporality())
			require.Equal(t, start, m.Sum().DataPoints().At(0).StartTimestamp().AsTime().Local())
			continue
		}
		require.Equal(t, pmetric.AggregationTemporalityCumulative, m.ExponentialHistogram().AggregationTemporality())
	}
	require.ElementsMatch(t, []string{RequestTotal, RequestFailed, RequestServer, RequestClient}, slices.Collect(maps.Keys(names)))
}

// TestWhatWasJoinedIsCountedOnce has calls whose halves come joined: they count at
// once, and what spans tell of them, or of calls that SDKs counted, does not.
func TestWhatWasJoinedIsCountedOnce(t *testing.T) {
	g := NewServiceGraph(ServiceGraphOptions{Joined: true}, start)
	c := call("cart")
	c.Client.Counted, c.Site = true, 1
	g.Add(c) // by the server half's span
	c.Server.Counted, c.Site = true, 0
	g.Add(c)
	require.Empty(t, series(g.Metrics(settled)))
	j := &Joined{Edge: c.Edge, Calls: 3, Failed: 2}
	j.Server.Add(20*time.Millisecond, 3)
	g.Count(j)
	g.Count(j)
	got := series(g.Metrics(settled))
	require.EqualValues(t, 6, got[RequestTotal+labelled("web", "cart", "")])
	require.EqualValues(t, 4, got[RequestFailed+labelled("web", "cart", "")])
	require.EqualValues(t, 6, got[RequestServer+labelled("web", "cart", "")])
	require.NotContains(t, got, RequestClient+labelled("web", "cart", ""))
}
