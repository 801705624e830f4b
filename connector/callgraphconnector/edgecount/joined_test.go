package edgecount

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/memory"
)

// site is one connection in use: from a service to an operation of another.
type site struct {
	caller, callee    string
	callers, answerer bool // on our SDK
}

// mixed is a collector with its store, and services that count or don't.
type mixed struct {
	*rapid.T
	now     time.Time
	store   storage.Backend
	counter *Counter
	joined  *Joined
	n       uint64
	want    map[string]uint64 // calls by edge
	shown   map[string]uint64
}

func (m *mixed) start() {
	m.counter = New(callgraph.Writer{ID: m.store.WriterID()}, Options{Graph: &edgemetric.ServiceGraphOptions{Joined: true}}, m.now)
	joined, err := NewJoined(m.Context(), m.counter, m.store, m.now)
	require.NoError(m, err)
	m.joined = joined
}

// call is one of a site, which its halves' processes tell: those on our SDK by an
// interval, and by a span that says so; the others by a span alone.
func (m *mixed) call(s site) {
	m.n++
	took := callgraph.BucketAt(m.now, callgraph.HotWidth)
	td, host := ptrace.NewTraces(), callgraph.Operation{Service: callgraph.Service{Name: s.callee + "-host"}, Name: "GET", Node: callgraph.Virtual}
	buy, pay := operation(s.caller, "GET /"+s.caller), operation(s.callee, "GET /"+s.callee)
	span(td, m.n, s.caller, ptrace.SpanKindServer, 1, 0, m.now)
	span(td, m.n, s.caller, ptrace.SpanKindClient, 2, 1, m.now)
	span(td, m.n, s.callee, ptrace.SpanKindServer, 3, 2, m.now)
	spans := td.ResourceSpans()
	spans.At(1).ScopeSpans().At(0).Spans().At(0).SetName("GET")
	spans.At(1).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr("server.address", s.callee+"-host")
	counted := func(i int, half string) {
		spans.At(i).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr(callgraph.AttributeCounted, half)
	}
	var cells []callgraph.Cell
	if s.callers {
		counted(0, "server")
		counted(1, "client")
		cells = append(cells, half(callgraph.Edge{Caller: callgraph.Operation{Node: callgraph.Outside}, Callee: buy}, took, false, 1),
			half(callgraph.Edge{Caller: buy, Callee: host}, took, true, 0))
	}
	if s.callers && s.answerer {
		counted(2, "server")
		reference := callgraph.Reference{Caller: callgraph.StaticIDOf(buy), Site: callgraph.SiteIDOf(buy.Service, host)}
		cells = append(cells, half(callgraph.Edge{Caller: reference.Operation(), Callee: pay}, took, false, 0))
	}
	m.counter.Add(td, m.now)
	_, err := m.store.WriteInterval(m.Context(), callgraph.Interval{Instance: "all", Number: m.n, Cells: cells})
	require.NoError(m, err)
	m.want["user -> "+s.caller]++
	m.want[s.caller+" -> "+s.callee]++
}

func operation(service, name string) callgraph.Operation {
	return callgraph.Operation{Service: callgraph.Service{Name: service}, Name: name}
}

// half is one call's.
func half(e callgraph.Edge, b callgraph.Bucket, client bool, alone uint64) callgraph.Cell {
	c := callgraph.Cell{CellKey: callgraph.CellKey{Edge: e, Bucket: b}, ServerOnly: alone}
	if client {
		c.Client.Add(time.Millisecond, 1)
	} else {
		c.Server.Add(time.Millisecond, 1)
	}
	return c
}

// pass lets seconds pass; no counter falls.
func (m *mixed) pass(seconds int) {
	for range seconds {
		m.now = m.now.Add(time.Second)
		require.NoError(m, m.store.WriteCells(m.Context(), m.counter.Changed(m.now)))
		require.NoError(m, m.store.WriteCells(m.Context(), m.counter.Seal(m.now)))
		require.NoError(m, m.joined.Step(m.Context(), m.now))
		shown, _ := requests(m.counter, m.now)
		for name, n := range m.shown {
			require.GreaterOrEqual(m, shown[name], n, name)
		}
		m.shown = shown
	}
}

// requests are the calls of the service graph, and those that servers timed.
func requests(c *Counter, now time.Time) (calls, timed map[string]uint64) {
	calls, timed = map[string]uint64{}, map[string]uint64{}
	for _, rm := range c.Graph(now).ResourceMetrics().All() {
		for _, metric := range rm.ScopeMetrics().At(0).Metrics().All() {
			switch metric.Name() {
			case edgemetric.RequestTotal:
				for _, p := range metric.Sum().DataPoints().All() {
					calls[between(p.Attributes())] += uint64(p.IntValue())
				}
			case edgemetric.RequestServer:
				for _, p := range metric.ExponentialHistogram().DataPoints().All() {
					timed[between(p.Attributes())] += p.Count()
				}
			}
		}
	}
	return calls, timed
}

func between(labels pcommon.Map) string {
	client, _ := labels.Get(edgemetric.LabelClient)
	server, _ := labels.Get(edgemetric.LabelServer)
	return client.Str() + " -> " + server.Str()
}

// TestEachCallIsShownOnceWhoeverCountsIt has services on our SDK and on others
// call each other in any mixture: the service graph and the joined graph show
// each call once, on the same edge.
func TestEachCallIsShownOnceWhoeverCountsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store, err := memory.Open(memory.Options{})
		require.NoError(t, err)
		m := &mixed{T: t, now: noon, store: store, want: map[string]uint64{}}
		m.start()
		sites := make([]site, rapid.IntRange(1, 4).Draw(t, "sites"))
		for i := range sites {
			sites[i] = site{fmt.Sprint("caller", i), fmt.Sprint("callee", i), rapid.Bool().Draw(t, "ours"), rapid.Bool().Draw(t, "answered by ours")}
		}
		for range rapid.IntRange(1, 12).Draw(t, "calls") {
			m.call(rapid.SampledFrom(sites).Draw(t, "site"))
			m.pass(rapid.IntRange(0, 9).Draw(t, "seconds"))
		}
		m.pass(80)
		require.Equal(t, m.want, m.shown)
		require.Equal(t, m.want, m.viewed())
		_, timed := requests(m.counter, m.now)
		require.Equal(t, m.want, timed, "each server half once, too")
	})
}

// viewed are the calls of the joined graph.
func (m *mixed) viewed() map[string]uint64 {
	v, calls := graphview.New(graphview.Options{Now: func() time.Time { return m.now }}), map[string]uint64{}
	w := callgraph.Window{From: noon.Add(-time.Hour), To: noon.Add(time.Hour)}
	require.NoError(m, m.store.Cells(m.Context(), w, func(cells []callgraph.Cell) error { v.Apply(cells); return nil }))
	all, err := v.Calls(m.Context(), w)
	require.NoError(m, err)
	for _, c := range all {
		name := c.Caller.Service.Name
		if c.Caller.Node == callgraph.Outside {
			name = edgemetric.ClientUser
		}
		calls[name+" -> "+c.Callee.Service.Name] += c.Calls
	}
	return calls
}

// TestARestartShowsWhatWasNotShown counts over a restart, and over failures of the
// store: each call is in the series of one of the runs.
func TestARestartShowsWhatWasNotShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store, err := memory.Open(memory.Options{})
		require.NoError(t, err)
		m := &mixed{T: t, now: noon, store: store, want: map[string]uint64{}}
		m.start()
		ours, before := site{"caller", "callee", true, true}, map[string]uint64{}
		for range rapid.IntRange(1, 20).Draw(t, "calls") {
			m.call(ours)
			m.pass(rapid.IntRange(0, 20).Draw(t, "seconds"))
			if rapid.IntRange(0, 9).Draw(t, "falls") == 0 {
				for name, n := range m.shown {
					before[name] += n
				}
				m.now, m.shown = m.now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "down"))*time.Second), nil
				m.start()
			}
		}
		m.pass(80)
		for name, n := range m.want {
			require.Equal(t, n, m.shown[name]+before[name], name)
		}
	})
}

// failing is a store that can't save how far counts are shown.
type failing struct{ storage.Backend }

var errDisk = errors.New("no room")

func (failing) SaveCheckpoint(context.Context, callgraph.Writer, time.Time) error { return errDisk }

func TestNothingIsShownBeforeItIsSavedThatItWas(t *testing.T) {
	store, err := memory.Open(memory.Options{})
	require.NoError(t, err)
	c := New(callgraph.Writer{ID: 1}, Options{Graph: &edgemetric.ServiceGraphOptions{}}, noon)
	j, err := NewJoined(t.Context(), c, store, noon)
	require.NoError(t, err)
	cell := half(callgraph.Edge{Caller: callgraph.Operation{Node: callgraph.Outside}, Callee: operation("shop", "buy")}, callgraph.BucketAt(noon, callgraph.HotWidth), false, 1)
	_, err = store.WriteInterval(t.Context(), callgraph.Interval{Instance: "a", Number: 1, Cells: slices.Clone([]callgraph.Cell{cell})})
	require.NoError(t, err)
	later := noon.Add(2 * time.Minute)
	j.store = failing{store}
	require.ErrorIs(t, j.Step(t.Context(), later), errDisk)
	shown, _ := requests(c, later)
	require.Empty(t, shown)
	j.store = store
	require.NoError(t, j.Step(t.Context(), later))
	shown, _ = requests(c, later)
	require.Equal(t, map[string]uint64{"user -> shop": 1}, shown)
}
