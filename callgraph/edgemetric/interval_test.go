package edgemetric

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// tell is the interval as an SDK tells it: Encode's metrics, made delta.
func tell(in callgraph.Interval) pmetric.Metrics {
	md := Encode(in.Cells)
	if len(in.Cells) == 0 {
		md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptySum()
		m := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0)
		m.SetName(Calls)
		m.SetUnit(UnitCalls)
	}
	rm := md.ResourceMetrics().At(0)
	attributes := rm.Resource().Attributes()
	attributes.Clear()
	attributes.PutStr(AttributeSource, "sdk")
	for i, key := range []string{callgraph.EnvironmentKey, callgraph.NamespaceKey, callgraph.ServiceKey, AttributeInstance} {
		attributes.PutStr(key, strings.Split(in.Instance, "\x00")[i])
	}
	sm := rm.ScopeMetrics().At(0)
	sm.Scope().Attributes().Clear()
	sm.Scope().Attributes().PutInt(AttributeInterval, int64(in.Number))
	for _, m := range sm.Metrics().All() {
		asDelta(m)
	}
	return md
}

func asDelta(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		for _, p := range m.Sum().DataPoints().All() {
			p.Attributes().Remove(AttributeOpened)
		}
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			p.Attributes().Remove(AttributeOpened)
		}
	}
}

const instanceA = "production\x00shop\x00cart\x00a"

// counted is a cell as an SDK counts it.
func counted() callgraph.Cell {
	c := cell()
	c.Writer, c.Opened, c.Sequence = callgraph.Writer{}, 0, 0
	c.Edge.Caller = callgraph.Reference{Caller: 1, Site: 2, Indirect: true}.Operation()
	c.Client = callgraph.Sketch{}
	return c
}

func oneInterval() callgraph.Interval {
	named := counted()
	named.Edge.Caller, named.Server = operation("frontend", "GET"), callgraph.Sketch{}
	named.Edge.Callee.Node = callgraph.Virtual
	return callgraph.Interval{Instance: instanceA, Number: 7, Cells: []callgraph.Cell{counted(), named}}
}

func TestIntervalsAreRead(t *testing.T) {
	t.Run("beside cells", func(t *testing.T) {
		md := Encode([]callgraph.Cell{cell()})
		tell(oneInterval()).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
		tell(oneInterval()).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
		got, err := DecodeAll(md)
		require.NoError(t, err)
		require.Equal(t, Told{[]callgraph.Cell{cell()}, []callgraph.Interval{oneInterval(), oneInterval()}}, got)
	})
	t.Run("without cells", func(t *testing.T) {
		in := callgraph.Interval{Instance: instanceA, Number: 1}
		got, err := DecodeAll(tell(in))
		require.NoError(t, err)
		require.Len(t, got.Intervals, 1)
		require.Empty(t, got.Intervals[0].Cells)
	})
	t.Run("a service without names", func(t *testing.T) {
		md := tell(oneInterval())
		md.ResourceMetrics().At(0).Resource().Attributes().Remove(callgraph.NamespaceKey)
		got, err := DecodeAll(md)
		require.NoError(t, err)
		require.Equal(t, "production\x00\x00cart\x00a", got.Intervals[0].Instance)
	})
	_, err := Decode(tell(oneInterval()))
	require.ErrorContains(t, err, AttributeWriter)
}

func TestIntervalsLoseNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		cells := rapid.SliceOfNDistinct(randomCell(), 1, 20, func(c callgraph.Cell) callgraph.CellKey {
			return asCounted(c).CellKey
		}).Draw(r, "cells")
		for i := range cells {
			cells[i] = asCounted(cells[i])
		}
		in := callgraph.Interval{Instance: instanceA, Number: rapid.Uint64Range(1, 1<<62).Draw(r, "number"), Cells: cells}
		wire, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(tell(in))
		require.NoError(r, err)
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(wire)
		require.NoError(r, err)
		got, err := DecodeAll(md)
		require.NoError(r, err)
		require.Equal(r, []callgraph.Interval{in}, got.Intervals)
	})
}

func asCounted(c callgraph.Cell) callgraph.Cell {
	c.Bucket = callgraph.BucketAt(c.Bucket.Window().From, callgraph.HotWidth)
	for _, s := range []*callgraph.Sketch{&c.Client, &c.Server, &c.Queue} {
		if s.Count() > maxCounted {
			*s = callgraph.Sketch{}
		}
	}
	c.ServerOnly = min(c.ServerOnly, c.Server.Count())
	c.Writer, c.Opened, c.Sequence, c.Closed, c.Provisional = callgraph.Writer{}, 0, 0, 0, 0
	return c
}

func TestMalformedIntervalsAreRefusedByNameAndReason(t *testing.T) {
	const calls, server = 0, 1
	number := func(sm pmetric.ScopeMetrics) pmetric.NumberDataPoint {
		return sm.Metrics().At(calls).Sum().DataPoints().At(0)
	}
	put := func(key, value string) func(pmetric.ScopeMetrics) {
		return func(sm pmetric.ScopeMetrics) {
			number(sm).Attributes().PutStr(key, value)
			sm.Metrics().At(server).ExponentialHistogram().DataPoints().At(0).Attributes().PutStr(key, value)
		}
	}
	for reason, spoil := range map[string]func(pmetric.ScopeMetrics){
		AttributeInterval + " is missing":                       func(sm pmetric.ScopeMetrics) { sm.Scope().Attributes().Remove(AttributeInterval) },
		AttributeInterval + " is missing or no integer above 0": func(sm pmetric.ScopeMetrics) { sm.Scope().Attributes().PutInt(AttributeInterval, 0) },
		`metric "jcallgraph.edge.server.duration": has temporality Cumulative, not Delta`: func(sm pmetric.ScopeMetrics) {
			sm.Metrics().At(server).ExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		},
		`metric "jcallgraph.edge.provisional_calls": is not part of intervals`: func(sm pmetric.ScopeMetrics) {
			m := sm.Metrics().AppendEmpty()
			sm.Metrics().At(calls).CopyTo(m)
			m.SetName(ProvisionalCalls)
		},
		`attribute jcg.opened is not part of intervals`: func(sm pmetric.ScopeMetrics) { number(sm).Attributes().PutInt(AttributeOpened, 1) },
		`attribute jcg.closed is not part of intervals`: func(sm pmetric.ScopeMetrics) { number(sm).Attributes().PutInt(AttributeClosed, 1) },
		`its time is a bucket of 60 s: intervals have those of 10 s`: func(sm pmetric.ScopeMetrics) {
			number(sm).SetTimestamp(number(sm).StartTimestamp() + 60e9)
		},
		`has 9 calls, its halves say 0`: func(sm pmetric.ScopeMetrics) { number(sm).SetIntValue(9) },
		`calls, 1099511627776 are accepted`: func(sm pmetric.ScopeMetrics) {
			m := sm.Metrics().AppendEmpty()
			sm.Metrics().At(calls).CopyTo(m)
			m.SetName(WeightUnknownCalls)
			m.Sum().DataPoints().At(0).SetIntValue(1 << 50)
		},
		`attribute server.node is referred: callees know their own names`:        put("server.node", "referred"),
		`attribute client.node is referred, and a service is named`:              put("client.service.name", "x"),
		`attribute client.operation.name: reference "1:2" is not two static IDs`: put("client.operation.name", "1:2"),
	} {
		md := tell(oneInterval())
		spoil(md.ResourceMetrics().At(0).ScopeMetrics().At(0))
		_, err := DecodeAll(md)
		require.ErrorContains(t, err, reason)
		require.ErrorContains(t, err, "interval")
	}
}

func TestIntervalsWithoutAnInstanceAreRefused(t *testing.T) {
	for reason, spoil := range map[string]func(pmetric.Metrics){
		`jcg.source is "derived": only those of "sdk"`: func(md pmetric.Metrics) {
			md.ResourceMetrics().At(0).Resource().Attributes().PutStr(AttributeSource, "derived")
		},
		`service.instance.id is missing`: func(md pmetric.Metrics) {
			md.ResourceMetrics().At(0).Resource().Attributes().Remove(AttributeInstance)
		},
		`service.instance.id is empty`: func(md pmetric.Metrics) {
			md.ResourceMetrics().At(0).Resource().Attributes().PutStr(AttributeInstance, "")
		},
		`1024 are accepted`: func(md pmetric.Metrics) {
			md.ResourceMetrics().At(0).Resource().Attributes().PutStr(AttributeInstance, strings.Repeat("x", 2000))
		},
	} {
		md := tell(oneInterval())
		spoil(md)
		_, err := DecodeAll(md)
		require.ErrorContains(t, err, reason)
	}
}

// FuzzDecodeAll holds that whatever is read as intervals goes round.
func FuzzDecodeAll(f *testing.F) {
	for _, in := range []callgraph.Interval{oneInterval(), {Instance: instanceA, Number: 1}} {
		wire, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(tell(in))
		require.NoError(f, err)
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(wire)
		if err != nil {
			return
		}
		told, err := DecodeAll(md)
		if err != nil {
			return
		}
		for _, in := range told.Intervals {
			in.Instance = instanceA
			again, err := DecodeAll(tell(in))
			require.NoError(t, err)
			require.Equal(t, in.Number, again.Intervals[0].Number)
			require.ElementsMatch(t, in.Cells, again.Intervals[0].Cells)
		}
	})
}

// TestGoldenIntervals reads what our SDKs tell: the examples of the spec.
func TestGoldenIntervals(t *testing.T) {
	for name, want := range map[string]string{
		"v1_sdk_client": `7
production/shop/cart GET /cart -> production//prices (virtual) Prices/Get [rpc] ok 0 calls=3 client=3 server=0 queue=0 alone=0 folded=false
production/shop/cart GET /cart -> production//prices (virtual) Prices/Get [rpc] ok 10 calls=3 client=3 server=0 queue=0 alone=0 folded=false
production/shop/cart GET /cart -> production//prices (virtual) Prices/Get [rpc] timeout 10 calls=2 client=2 server=0 queue=0 alone=0 folded=false
`,
		"v1_sdk_server": `1
(referred 0000000000c0ffee:c6a2216423c44b21) -> production/shop/cart GET /cart [http] ok 0 calls=0 client=0 server=2 queue=0 alone=0 folded=false
(referred 0000000000c0ffee:c6a2216423c44b21:indirect) -> production/shop/cart GET /cart [http] error 0 calls=2 client=0 server=2 queue=0 alone=2 folded=false
(outside) -> production/shop/cart nightly ok 0 calls=1 client=0 server=1 queue=0 alone=1 folded=false
`,
		"v1_sdk_message": `2
(referred 0000000000c0ffee:0000000000000007) -> production/shop/cart orders process [messaging] error 0 calls=0 client=0 server=1 queue=1 alone=0 folded=false
`,
		"v1_sdk_folded": `3
(unknown) -> production/shop/cart (other) [http] rejected 0 calls=1 client=0 server=2 queue=0 alone=1 folded=true
production/shop/cart GET -> production//prices (virtual) Prices/Get ok 0 calls=0 client=0 server=0 queue=0 alone=0 folded=false
`,
	} {
		frozen, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		require.NoError(t, err)
		md, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(frozen)
		require.NoError(t, err)
		told, err := DecodeAll(md)
		require.NoError(t, err)
		require.Empty(t, told.Cells)
		var text strings.Builder
		for _, in := range told.Intervals {
			require.Equal(t, "\x00\x00cart\x00cart-7d9f@00000000c0ffee00", in.Instance)
			fmt.Fprintln(&text, in.Number)
			for _, c := range in.Cells {
				fmt.Fprintf(&text, "%s %s %d calls=%d client=%d server=%d queue=%d alone=%d folded=%t\n", c.Edge, c.Outcome, c.Bucket.Start-noon,
					c.Calls(), c.Client.Count(), c.Server.Count(), c.Queue.Count(), c.ServerOnly, c.Folded)
			}
		}
		require.Equal(t, want, text.String(), name)
	}
}
