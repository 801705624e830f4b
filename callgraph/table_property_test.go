package callgraph

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTotalsSurviveAnyBound(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		calls := rapid.SliceOfN(wholeCall(), 1, 200).Draw(r, "calls")
		store := newest{}
		table := NewTable(collector, TableOptions{MaxCells: len(totals(cellsOf(calls)))})
		for _, c := range calls {
			require.True(r, table.Add(c, c.Arrival))
			if rapid.IntRange(0, 9).Draw(r, "flush") == 0 {
				store.write(table.Changed(c.Arrival))
			}
			require.LessOrEqual(r, table.Stats().Cells, table.options.MaxCells)
		}
		store.write(table.Changed(noon))
		require.Equal(r, totals(cellsOf(calls)), totals(store))
	})
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		calls := rapid.SliceOfN(randomCall(), 1, 50).Draw(r, "calls")
		shuffled := rapid.Permutation(calls).Draw(r, "shuffled")
		require.Equal(r, sorted(values(cellsOf(calls))), sorted(values(cellsOf(shuffled))))
	})
}

func TestTakingBackLeavesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		kept := rapid.SliceOfN(randomCall(), 0, 20).Draw(r, "kept")
		taken := rapid.SliceOfN(randomCall(), 1, 20).Draw(r, "taken")
		table := NewTable(collector, TableOptions{})
		for _, c := range slices.Concat(kept, taken) {
			require.True(r, table.Add(c, c.Arrival))
		}
		for _, c := range rapid.Permutation(taken).Draw(r, "order") {
			require.True(r, table.Add(retracted(c), c.Arrival))
		}
		require.Equal(r, sorted(values(cellsOf(kept))), sorted(table.Changed(noon)))
	})
}

func TestCellsOfTwoTablesAddUp(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a := rapid.SliceOfN(wholeCall(), 1, 50).Draw(r, "a")
		b := rapid.SliceOfN(wholeCall(), 1, 50).Draw(r, "b")
		merged := map[CellKey]Cell{}
		for _, cells := range []newest{cellsOf(a), cellsOf(b)} {
			for k, c := range cells {
				m := merged[k]
				m.CellKey, m.ServerOnly, m.WeightUnknown = k, m.ServerOnly+c.ServerOnly, m.WeightUnknown+c.WeightUnknown
				m.Provisional += c.Provisional
				m.Client.Merge(c.Client)
				m.Server.Merge(c.Server)
				m.Queue.Merge(c.Queue)
				merged[k] = m
			}
		}
		require.Equal(r, sorted(values(cellsOf(slices.Concat(a, b)))), sorted(values(merged)))
	})
}

// cellsOf is what a table makes of the calls.
func cellsOf(calls []Call) newest {
	table, store := NewTable(collector, TableOptions{}), newest{}
	for _, c := range calls {
		table.Add(c, c.Arrival)
	}
	store.write(table.Changed(noon))
	return store
}

func values(m map[CellKey]Cell) (cells []Cell) {
	for _, c := range m {
		cells = append(cells, c)
	}
	return cells
}

type total struct {
	Client, Server, Queue Sketch
	ServerOnly            uint64
}

type service struct {
	group
	Outcome Outcome
	Bucket  Bucket
	Opened  int64
}

// totals are the counts by what folding must leave alone.
func totals(cells newest) map[service]total {
	sums := map[service]total{}
	for k, c := range cells {
		if c.Client.Count()+c.Server.Count() == 0 {
			continue
		}
		key := service{groupOf(k.Edge), k.Outcome, k.Bucket, k.Opened}
		sum := sums[key]
		sum.Client.Merge(c.Client)
		sum.Server.Merge(c.Server)
		sum.Queue.Merge(c.Queue)
		sum.ServerOnly += c.ServerOnly
		sums[key] = sum
	}
	return sums
}

// wholeCall is a call of a small world, so that many share a cell. All arrive
// in the same second: openings are tested apart.
func wholeCall() *rapid.Generator[Call] {
	return rapid.Custom(func(r *rapid.T) Call {
		name := rapid.SampledFrom([]string{"a", "b", "c"})
		c := pair(edge(name.Draw(r, "caller"), name.Draw(r, "callee")), noon)
		c.Edge.Caller.Name, c.Edge.Callee.Name = name.Draw(r, "operation"), name.Draw(r, "operation")
		if rapid.IntRange(0, 3).Draw(r, "entrance") == 0 {
			c.Edge.Caller = Operation{Node: Outside}
		}
		c.End = noon.Add(time.Duration(rapid.IntRange(-15, 0).Draw(r, "end")) * time.Second)
		half := rapid.Custom(func(r *rapid.T) Half {
			return Half{
				Seen:     true,
				Outcome:  Outcome(rapid.IntRange(0, Outcomes-1).Draw(r, "outcome")),
				Duration: time.Duration(rapid.Int64Range(-1, 1e11).Draw(r, "duration")),
			}
		})
		c.Client, c.Server = half.Draw(r, "client"), half.Draw(r, "server")
		switch rapid.IntRange(0, 3).Draw(r, "lost half") {
		case 0:
			c.Client = Half{}
		case 1:
			c.Server, c.Provisional = Half{}, rapid.Bool().Draw(r, "provisional")
		default:
			c.Queue = time.Duration(rapid.Int64Range(0, 1e9).Draw(r, "queue"))
		}
		c.WeightUnknown = rapid.Bool().Draw(r, "unknown")
		c.Weight = float64(rapid.SampledFrom([]int{1, 1, 2, 10, 100}).Draw(r, "weight"))
		return c
	})
}

// randomCall is a wholeCall of any weight. Fractions are rounded by cell, so
// that sums of cells are exact for whole weights only.
func randomCall() *rapid.Generator[Call] {
	return rapid.Custom(func(r *rapid.T) Call {
		c := wholeCall().Draw(r, "call")
		c.Weight = rapid.Float64Range(1, 1000).Draw(r, "fraction")
		return c
	})
}
