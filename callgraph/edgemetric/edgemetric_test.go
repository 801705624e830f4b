package edgemetric

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

const noon = 1795435200 // 2026-11-23T12:00:00Z

func operation(service, name string) callgraph.Operation {
	return callgraph.Operation{Service: callgraph.Service{Environment: "production", Namespace: "shop", Name: service}, Name: name}
}

func sketch(durations ...time.Duration) (s callgraph.Sketch) {
	for _, d := range durations {
		s.Add(d, 1)
	}
	return s
}

func cell() callgraph.Cell {
	return callgraph.Cell{
		CellKey: callgraph.CellKey{
			Edge: callgraph.Edge{
				Caller:     operation("frontend", "GET /cart"),
				Callee:     operation("cart", "CartService/GetCart"),
				Connection: callgraph.RPC,
			},
			Bucket: callgraph.Bucket{Start: noon, Width: callgraph.HotWidth},
			Writer: callgraph.Writer{ID: 0xc0ffee},
			Opened: noon + 1,
		},
		Sequence: noon*1e9 + 5,
		Client:   sketch(3*time.Millisecond, 4*time.Millisecond, 40*time.Millisecond),
		Server:   sketch(2*time.Millisecond, 3*time.Millisecond),
	}
}

// goldens are the examples of the spec.
func goldens() map[string][]callgraph.Cell {
	final := cell()
	final.Closed, final.Sequence = noon+11, noon*1e9+7e10

	entrance := cell()
	entrance.Edge = callgraph.Edge{Caller: callgraph.Operation{Node: callgraph.Outside}, Callee: operation("frontend", callgraph.OtherOperation), Connection: callgraph.HTTP}
	entrance.Client, entrance.ServerOnly, entrance.Folded, entrance.WeightUnknown = callgraph.Sketch{}, 2, true, 1

	message := cell()
	message.Edge.Callee, message.Edge.Connection = operation("email", "orders process"), callgraph.Messaging
	message.Outcome, message.Queue = callgraph.Error, sketch(0, 1500*time.Millisecond)

	database := cell()
	database.Edge.Callee = callgraph.Operation{Service: callgraph.Service{Name: "redis"}, Name: "HGET", Node: callgraph.Virtual}
	database.Edge.Connection, database.Server, database.Provisional = callgraph.Database, callgraph.Sketch{}, 3

	zero := cell()
	zero.Client, zero.Server = callgraph.Sketch{}, callgraph.Sketch{}
	return map[string][]callgraph.Cell{
		"v1_call": {cell()}, "v1_final": {final}, "v1_entrance_folded": {entrance},
		"v1_message": {message}, "v1_provisional": {database}, "v1_taken_back": {zero},
	}
}

func TestGoldenVectors(t *testing.T) {
	for name, cells := range goldens() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".json")
			told := marshal(t, Encode(cells))
			if _, err := os.Stat(path); os.IsNotExist(err) && os.Getenv("UPDATE_GOLDEN") != "" {
				require.NoError(t, os.WriteFile(path, indent(t, told), 0o644))
			}
			frozen, err := os.ReadFile(path)
			require.NoError(t, err)
			require.JSONEq(t, string(frozen), string(told))
			md, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(frozen)
			require.NoError(t, err)
			read, err := Decode(md)
			require.NoError(t, err)
			require.Equal(t, cells, read)
		})
	}
}

func marshal(t require.TestingT, md pmetric.Metrics) []byte {
	b, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
	require.NoError(t, err)
	return b
}

func indent(t *testing.T, b []byte) []byte {
	var v any
	require.NoError(t, json.Unmarshal(b, &v))
	out, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return append(out, '\n')
}

func TestRoundTripLosesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		cells := rapid.SliceOfNDistinct(randomCell(), 0, 20, func(c callgraph.Cell) identity {
			return identity{c.CellKey, c.Sequence}
		}).Draw(r, "cells")
		wire, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(Encode(cells))
		require.NoError(r, err)
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(wire)
		require.NoError(r, err)
		read, err := Decode(md)
		require.NoError(r, err)
		require.ElementsMatch(r, cells, read)
	})
}

func randomCell() *rapid.Generator[callgraph.Cell] {
	node := rapid.Uint8Range(0, uint8(callgraph.Outside))
	name := rapid.SampledFrom([]string{"", "a", "b", "(other)"})
	operation := rapid.Custom(func(r *rapid.T) callgraph.Operation {
		if node := callgraph.Node(node.Draw(r, "node")); node != callgraph.Observed {
			return callgraph.Operation{Service: callgraph.Service{Name: name.Draw(r, "s")}, Name: name.Draw(r, "o"), Node: node}
		}
		return callgraph.Operation{
			Service: callgraph.Service{Environment: name.Draw(r, "e"), Namespace: name.Draw(r, "ns"), Name: name.Draw(r, "s")},
			Name:    name.Draw(r, "o"),
		}
	})
	sketch := rapid.Custom(func(r *rapid.T) (s callgraph.Sketch) {
		for range rapid.IntRange(0, 5).Draw(r, "n") {
			s.Add(time.Duration(rapid.Int64().Draw(r, "d")), rapid.Uint64Range(0, 1<<40).Draw(r, "count"))
		}
		return s
	})
	at := rapid.Custom(func(r *rapid.T) time.Time {
		if rapid.IntRange(0, 9).Draw(r, "last") == 0 {
			return time.Unix(0, math.MaxInt64)
		}
		return time.Unix(rapid.Int64Range(-1e9, 9e9).Draw(r, "seconds"), 0)
	})
	return rapid.Custom(func(r *rapid.T) callgraph.Cell {
		width := rapid.SampledFrom([]uint32{callgraph.HotWidth, callgraph.MinuteWidth, callgraph.HourWidth}).Draw(r, "width")
		c := callgraph.Cell{
			CellKey: callgraph.CellKey{
				Edge:    callgraph.Edge{Caller: operation.Draw(r, "caller"), Callee: operation.Draw(r, "callee"), Connection: callgraph.Connection(rapid.Uint8Range(0, uint8(callgraph.Database)).Draw(r, "connection"))},
				Outcome: callgraph.Outcome(rapid.IntRange(0, callgraph.Outcomes-1).Draw(r, "outcome")),
				Bucket:  callgraph.BucketAt(at.Draw(r, "at"), width),
				Writer:  callgraph.Writer{ID: rapid.Uint64().Draw(r, "writer"), Source: callgraph.Source(rapid.Uint8Range(0, 1).Draw(r, "source"))},
				Opened:  rapid.Int64().Draw(r, "opened"),
			},
			Sequence: rapid.Uint64().Draw(r, "sequence"),
			Client:   sketch.Draw(r, "client"), Server: sketch.Draw(r, "server"), Queue: sketch.Draw(r, "queue"),
			Provisional: rapid.Uint64Range(0, 9).Draw(r, "provisional"), WeightUnknown: rapid.Uint64Range(0, 9).Draw(r, "unknown"),
			Folded: rapid.Bool().Draw(r, "folded"), Closed: rapid.Int64().Draw(r, "closed"),
		}
		if rapid.IntRange(0, 5).Draw(r, "referred") == 0 {
			ref := callgraph.Reference{Caller: callgraph.StaticID(rapid.Uint64().Draw(r, "id")), Indirect: rapid.Bool().Draw(r, "indirect")}
			c.Edge.Caller = ref.Operation()
		}
		c.ServerOnly = rapid.Uint64Range(0, c.Server.Count()).Draw(r, "serverOnly")
		return c
	})
}

func TestForeignMetricsAreNotLookedAt(t *testing.T) {
	md := Encode([]callgraph.Cell{cell()})
	m := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().AppendEmpty()
	m.SetName("http.server.request.duration")
	md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetName("up")
	cells, err := Decode(md)
	require.NoError(t, err)
	require.Len(t, cells, 1)
}

func TestPointsOfProcessorsThatReorderAndAddAttributes(t *testing.T) {
	md := Encode([]callgraph.Cell{cell()})
	ms := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	ms.Sort(func(a, b pmetric.Metric) bool { return a.Name() > b.Name() })
	ms.At(0).ExponentialHistogram().DataPoints().At(0).Attributes().PutStr("cluster", "x")
	cells, err := Decode(md)
	require.NoError(t, err)
	require.Equal(t, []callgraph.Cell{cell()}, cells)
}

func TestMalformedMetricsAreRefusedByNameAndReason(t *testing.T) {
	const calls, client, server = 0, 1, 2
	number := func(m pmetric.Metric) pmetric.NumberDataPoint { return m.Sum().DataPoints().At(0) }
	histogram := func(m pmetric.Metric) pmetric.ExponentialHistogramDataPoint {
		return m.ExponentialHistogram().DataPoints().At(0)
	}
	cases := []struct {
		reason string
		metric int
		spoil  func(pmetric.Metric)
	}{
		{"is not part of version 1", calls, func(m pmetric.Metric) { m.SetName(Prefix + "weather") }},
		{`has the unit "ms"`, client, func(m pmetric.Metric) { m.SetUnit("ms") }},
		{"is of type Gauge", calls, func(m pmetric.Metric) { m.SetEmptyGauge() }},
		{"has temporality Delta", calls, func(m pmetric.Metric) {
			m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		}},
		{"point 0: value is no count", calls, func(m pmetric.Metric) { number(m).SetIntValue(-1) }},
		{"point 0: value is no count", calls, func(m pmetric.Metric) { number(m).SetDoubleValue(1) }},
		{"has 9 calls, its halves say 3", calls, func(m pmetric.Metric) { number(m).SetIntValue(9) }},
		{"no point for cell", server, func(m pmetric.Metric) { histogram(m).Attributes().PutInt(AttributeOpened, 5) }},
		{"is given twice", client, func(m pmetric.Metric) {
			histogram(m).CopyTo(m.ExponentialHistogram().DataPoints().AppendEmpty())
		}},
		{`jcg.outcome is "fine"`, calls, func(m pmetric.Metric) { number(m).Attributes().PutStr(AttributeOutcome, "fine") }},
		{"jcg.outcome is missing", calls, func(m pmetric.Metric) { number(m).Attributes().Remove(AttributeOutcome) }},
		{"jcg.opened is of type Str", calls, func(m pmetric.Metric) { number(m).Attributes().PutStr(AttributeOpened, "1") }},
		{"is no bucket", calls, func(m pmetric.Metric) { number(m).SetTimestamp(0) }},
		{"is not aligned", calls, func(m pmetric.Metric) {
			number(m).SetTimestamp(number(m).Timestamp() + 1)
			number(m).SetStartTimestamp(number(m).StartTimestamp() + 1)
		}},
		{"scale is 3", client, func(m pmetric.Metric) { histogram(m).SetScale(3) }},
		{"zero threshold", client, func(m pmetric.Metric) { histogram(m).SetZeroThreshold(0.1) }},
		{"below zero", client, func(m pmetric.Metric) { histogram(m).Negative().BucketCounts().FromRaw([]uint64{1}) }},
		{"are outside", client, func(m pmetric.Metric) { histogram(m).Positive().SetOffset(1 << 30) }},
		{"its bins hold 3", client, func(m pmetric.Metric) { histogram(m).SetCount(1) }},
		{"more than 2^63-1", client, func(m pmetric.Metric) {
			histogram(m).Positive().BucketCounts().FromRaw([]uint64{1 << 63, 1 << 63})
		}},
		{"is no duration", client, func(m pmetric.Metric) { histogram(m).SetSum(-1) }},
		{"is no duration", client, func(m pmetric.Metric) { histogram(m).RemoveSum() }},
	}
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			md := Encode([]callgraph.Cell{cell()})
			m := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(c.metric)
			c.spoil(m)
			_, err := Decode(md)
			require.ErrorContains(t, err, c.reason)
			require.ErrorContains(t, err, `metric "`+Prefix)
		})
	}
}

func TestScopesWithoutWriterOrSequenceAreRefused(t *testing.T) {
	for _, key := range []string{AttributeWriter, AttributeSource} {
		md := Encode([]callgraph.Cell{cell()})
		md.ResourceMetrics().At(0).Resource().Attributes().PutStr(key, "x")
		_, err := Decode(md)
		require.ErrorContains(t, err, key)
		md.ResourceMetrics().At(0).Resource().Attributes().Remove(key)
		_, err = Decode(md)
		require.ErrorContains(t, err, key)
	}
	md := Encode([]callgraph.Cell{cell()})
	md.ResourceMetrics().At(0).ScopeMetrics().At(0).Scope().Attributes().Remove(AttributeSequence)
	_, err := Decode(md)
	require.ErrorContains(t, err, AttributeSequence)
}

// FuzzDecode holds that whatever Decode accepts is cells that go round.
func FuzzDecode(f *testing.F) {
	for _, cells := range goldens() {
		wire, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(Encode(cells))
		require.NoError(f, err)
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(wire)
		if err != nil {
			return
		}
		cells, err := Decode(md)
		if err != nil {
			return
		}
		again, err := Decode(Encode(cells))
		require.NoError(t, err)
		require.ElementsMatch(t, cells, again)
	})
}

func BenchmarkEncode(b *testing.B) {
	cells := make([]callgraph.Cell, 1000)
	for i := range cells {
		cells[i] = cell()
		cells[i].Opened = int64(i)
	}
	b.ReportAllocs()
	for b.Loop() {
		Encode(cells)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/cell")
}

func BenchmarkDecode(b *testing.B) {
	cells := make([]callgraph.Cell, 1000)
	for i := range cells {
		cells[i] = cell()
		cells[i].Opened = int64(i)
	}
	md := Encode(cells)
	b.ReportAllocs()
	for b.Loop() {
		_, err := Decode(md)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/cell")
}
