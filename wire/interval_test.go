package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// taken is a sink that keeps intervals.
type taken struct {
	counted
	intervals []callgraph.Interval
}

func (t *taken) Interval(i callgraph.Interval) { t.intervals = append(t.intervals, i) }

func TestIntervalsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, d := NewEncoder(), NewDecoder()
		for range rapid.IntRange(1, 4).Draw(t, "intervals") {
			want := drawInterval(t)
			f, err := e.EncodeInterval(want)
			require.NoError(t, err)
			var got taken
			require.NoError(t, d.Decode(f.Bytes, &got))
			require.Equal(t, []callgraph.Interval{want}, got.intervals)
			spans, err := e.Encode(spansOf(rapid.IntRange(0, 5).Draw(t, "spans")))
			require.NoError(t, err)
			for _, f := range spans {
				require.NoError(t, d.Decode(f.Bytes, &got))
			}
		}
	})
}

func drawInterval(t *rapid.T) callgraph.Interval {
	i := callgraph.Interval{
		Instance: rapid.SampledFrom([]string{"", "host@1", "e9f1"}).Draw(t, "instance"),
		Number:   rapid.OneOf(rapid.Uint64Range(1, 20), rapid.Uint64()).Draw(t, "number"),
	}
	for range rapid.IntRange(0, 5).Draw(t, "cells") {
		c := callgraph.Cell{
			CellKey: callgraph.CellKey{
				Edge: callgraph.Edge{
					Caller: drawOperation(t), Callee: drawOperation(t),
					Connection: callgraph.Connection(rapid.IntRange(0, 4).Draw(t, "connection")),
				},
				Outcome: callgraph.Outcome(rapid.IntRange(0, callgraph.Outcomes-1).Draw(t, "outcome")),
				Bucket:  callgraph.Bucket{Start: rapid.Int64().Draw(t, "start"), Width: rapid.SampledFrom([]uint32{10, 60, 3600}).Draw(t, "width")},
			},
			Client: drawSketch(t), Server: drawSketch(t), Queue: drawSketch(t),
			ServerOnly: rapid.Uint64Range(0, 3).Draw(t, "server only"), Provisional: rapid.Uint64().Draw(t, "provisional"),
			WeightUnknown: rapid.Uint64Range(0, 3).Draw(t, "unknown"), Folded: rapid.Bool().Draw(t, "folded"),
		}
		i.Cells = append(i.Cells, c)
	}
	return i
}

func drawOperation(t *rapid.T) callgraph.Operation {
	name := rapid.SampledFrom([]string{"", "web", "cart", "\xff"})
	return callgraph.Operation{
		Service: callgraph.Service{Environment: name.Draw(t, "environment"), Name: name.Draw(t, "service")},
		Name:    name.Draw(t, "operation"), Node: callgraph.Node(rapid.IntRange(0, 4).Draw(t, "node")),
	}
}

func drawSketch(t *rapid.T) (s callgraph.Sketch) {
	if rapid.Bool().Draw(t, "empty") {
		return s
	}
	s.Zero, s.Nanos = rapid.Uint64Range(0, 2).Draw(t, "zero"), rapid.Uint64().Draw(t, "nanos")
	index := int32(-512)
	for range rapid.IntRange(0, 4).Draw(t, "bins") {
		index += rapid.Int32Range(1, 200).Draw(t, "gap")
		s.Bins = append(s.Bins, callgraph.Bin{Index: index, Count: rapid.Uint64Min(1).Draw(t, "count")})
	}
	return s
}
