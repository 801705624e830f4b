package biggraph

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

func TestTheGraphHasTheSizeThatWasAskedFor(t *testing.T) {
	edges, neighbours, services := map[callgraph.Edge]bool{}, map[callgraph.Service]bool{}, map[callgraph.Service]int{}
	require.NoError(t, Cells(Options{}, func(cells []callgraph.Cell) error {
		for _, c := range cells {
			if edges[c.Edge] {
				continue
			}
			edges[c.Edge] = true
			services[c.Edge.Caller.Service]++
			services[c.Edge.Callee.Service]++
			if c.Edge.Caller.Service == Hub {
				neighbours[c.Edge.Callee.Service] = true
			}
			if c.Edge.Callee.Service == Hub {
				neighbours[c.Edge.Caller.Service] = true
			}
		}
		return nil
	}))
	require.Len(t, edges, 200_000)
	require.Len(t, services, 34_000)
	require.Len(t, neighbours, 5_000)
}

func TestTheSameSeedGivesTheSameCells(t *testing.T) {
	small := Options{Seed: 7, Services: 100, Edges: 300, HubNeighbours: 40}
	require.Equal(t, collect(t, small), collect(t, small))
	other := small
	other.Seed = 8
	require.NotEqual(t, collect(t, small), collect(t, other))
}

func collect(t *testing.T, o Options) (all []callgraph.Cell) {
	require.NoError(t, Cells(o, func(cells []callgraph.Cell) error {
		all = append(all, cells...)
		return nil
	}))
	return all
}
