package edgemetric

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

func TestEncodedIntervalsLoseNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		in := randomInterval(r)
		md, err := EncodeInterval(in)
		require.NoError(r, err)
		wire, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
		require.NoError(r, err)
		md, err = (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(wire)
		require.NoError(r, err)
		got, err := DecodeAll(md)
		require.NoError(r, err)
		require.Len(r, got.Intervals, 1)
		require.Empty(r, got.Cells)
		require.Equal(r, in.Instance, got.Intervals[0].Instance)
		require.Equal(r, in.Number, got.Intervals[0].Number)
		require.ElementsMatch(r, in.Cells, got.Intervals[0].Cells)
	})
}

func randomInterval(r *rapid.T) callgraph.Interval {
	cells := rapid.SliceOfNDistinct(randomCell(), 0, 20, func(c callgraph.Cell) callgraph.CellKey {
		return asCounted(c).CellKey
	}).Draw(r, "cells")
	for i := range cells {
		cells[i] = asCounted(cells[i])
	}
	part := rapid.SampledFrom([]string{"", "a", "production"})
	id := rapid.SampledFrom([]string{"1", "\x00", "a\x00b\x00", strings.Repeat("x", 900)}).Draw(r, "id")
	instance := strings.Join([]string{part.Draw(r, "environment"), part.Draw(r, "namespace"), part.Draw(r, "service"), id}, "\x00")
	return callgraph.Interval{Instance: instance, Number: rapid.Uint64Range(1, math.MaxInt64).Draw(r, "number"), Cells: cells}
}

// TestEncodedIntervalsAreThoseOfSDKs.
func TestEncodedIntervalsAreThoseOfSDKs(t *testing.T) {
	for _, in := range []callgraph.Interval{oneInterval(), {Instance: instanceA, Number: 1}} {
		md, err := EncodeInterval(in)
		require.NoError(t, err)
		want := tell(in)
		scope := want.ResourceMetrics().At(0).ScopeMetrics().At(0).Scope()
		scope.SetName(ScopeName)
		scope.SetVersion(ScopeVersion)
		sums := want.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
		sums.At(0).Sum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		require.JSONEq(t, string(marshal(t, want)), string(marshal(t, md)))
	}
}

func TestIntervalsThatCannotBeTold(t *testing.T) {
	for reason, spoil := range map[string]func(*callgraph.Interval, *callgraph.Cell){
		`interval's instance is "a"`:        func(in *callgraph.Interval, _ *callgraph.Cell) { in.Instance = "a" },
		`interval's instance is "a\x00\x00`: func(in *callgraph.Interval, _ *callgraph.Cell) { in.Instance = "a\x00\x00\x00" },
		"together at most 1024 bytes":       func(in *callgraph.Interval, _ *callgraph.Cell) { in.Instance += strings.Repeat("x", 1024) },
		"number is 0":                       func(in *callgraph.Interval, _ *callgraph.Cell) { in.Number = 0 },
		"not from 1 to 2^63-1":              func(in *callgraph.Interval, _ *callgraph.Cell) { in.Number = 1 << 63 },
		"outcome is none":                   func(_ *callgraph.Interval, c *callgraph.Cell) { c.Outcome = 6 },
		"a connection or node":              func(_ *callgraph.Interval, c *callgraph.Cell) { c.Edge.Caller.Node = 7 },
		"no bucket of 10 s":                 func(_ *callgraph.Interval, c *callgraph.Cell) { c.Bucket.Start++ },
		"its time is no bucket":             func(_ *callgraph.Interval, c *callgraph.Cell) { c.Bucket.Start = math.MaxInt64 / 10 * 10 },
		"provisional calls":                 func(_ *callgraph.Interval, c *callgraph.Cell) { c.Provisional = 1 },
		"server only":                       func(_ *callgraph.Interval, c *callgraph.Cell) { c.ServerOnly = 99 },
		"are accepted":                      func(_ *callgraph.Interval, c *callgraph.Cell) { c.WeightUnknown = 1 << 41 },
		"it has 1099511627777 calls":        func(_ *callgraph.Interval, c *callgraph.Cell) { c.Client = callgraph.Sketch{Zero: 1<<40 + 1} },
		"rising, with counts": func(_ *callgraph.Interval, c *callgraph.Cell) {
			c.Queue.Bins = []callgraph.Bin{{Index: 1, Count: 1}, {Index: 1, Count: 1}}
		},
		"bins are not from -512 to 575": func(_ *callgraph.Interval, c *callgraph.Cell) {
			c.Queue.Bins = []callgraph.Bin{{Index: -512, Count: 1}, {Index: math.MaxInt32, Count: 1}}
		},
	} {
		t.Run(reason, func(t *testing.T) {
			in := oneInterval()
			spoil(&in, &in.Cells[1])
			_, err := EncodeInterval(in)
			require.ErrorContains(t, err, reason)
		})
	}
}

func TestEncodingAnIntervalLeavesItAsItIs(t *testing.T) {
	in, want := oneInterval(), oneInterval()
	in.Cells[0].Opened, in.Cells[0].Closed, in.Cells[0].Sequence, in.Cells[0].Writer.ID = 1, 2, 3, 4
	before := slices.Clone(in.Cells)
	md, err := EncodeInterval(in)
	require.NoError(t, err)
	require.Equal(t, before, in.Cells)
	got, err := DecodeAll(md)
	require.NoError(t, err)
	require.Equal(t, []callgraph.Interval{want}, got.Intervals)
}
