package callgraph

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	noon      = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	collector = Writer{ID: 7}
)

func op(service, name string) Operation {
	return Operation{Service: Service{Name: service}, Name: name}
}

func edge(caller, callee string) Edge {
	return Edge{Caller: op(caller, "GET /"), Callee: op(callee, "GET /x"), Connection: HTTP}
}

func pair(e Edge, at time.Time) Call {
	return Call{
		Edge: e, End: at, Arrival: at, Weight: 1,
		Client: Half{Seen: true, Duration: 30 * time.Millisecond},
		Server: Half{Seen: true, Duration: 20 * time.Millisecond},
	}
}

func clientOnly(e Edge, at time.Time) Call {
	c := pair(e, at)
	c.Server, c.Provisional = Half{}, true
	return c
}

func serverOnly(e Edge, at time.Time) Call {
	c := pair(e, at)
	c.Client = Half{}
	return c
}

func retracted(c Call) Call {
	c.Retracted = true
	return c
}

// sorted puts cells into an order and drops what differs between equal tables.
func sorted(cells []Cell) []Cell {
	out := slices.Clone(cells)
	for i := range out {
		out[i].Sequence = 0
	}
	slices.SortFunc(out, func(a, b Cell) int {
		return cmp.Compare(fmt.Sprint(a.CellKey), fmt.Sprint(b.CellKey))
	})
	return out
}

// newest keeps of each key the cell that holds, as a store does.
type newest map[CellKey]Cell

func (n newest) write(cells []Cell) {
	for _, c := range cells {
		if old, ok := n[c.CellKey]; !ok || old.Sequence < c.Sequence {
			n[c.CellKey] = c
		}
	}
}

func (n newest) calls() (sum uint64) {
	for _, c := range n {
		sum += c.Calls()
	}
	return sum
}

func TestEachHalfCountsUnderItsOwnOutcome(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	c := pair(edge("web", "cart"), noon)
	c.Client.Outcome = Timeout
	require.True(t, table.Add(c, noon))
	cells := sorted(table.Changed(noon))
	require.Len(t, cells, 2)
	require.Equal(t, []Outcome{OK, Timeout}, []Outcome{cells[0].Outcome, cells[1].Outcome})
	require.EqualValues(t, []uint64{0, 1}, []uint64{cells[0].Calls(), cells[1].Calls()})
	require.EqualValues(t, 1, cells[0].Server.Count())
	require.Empty(t, table.Changed(noon), "nothing changed since")
}

func TestServerOnlyCallsAreMarked(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	table.Add(serverOnly(edge("web", "cart"), noon), noon)
	table.Add(pair(edge("web", "cart"), noon), noon)
	cells := table.Changed(noon)
	require.Len(t, cells, 1)
	require.EqualValues(t, 1, cells[0].ServerOnly)
	require.EqualValues(t, 2, cells[0].Server.Count())
	require.EqualValues(t, 2, cells[0].Calls())
}

func TestHalvesThatAnSDKCountedAreLeftOut(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	c := pair(edge("web", "cart"), noon)
	c.Client.Counted = true
	table.Add(c, noon)
	cells := table.Changed(noon)
	require.Len(t, cells, 1)
	require.Zero(t, cells[0].Calls(), "the client half gives the calls, and its SDK counts it")
	require.EqualValues(t, 1, cells[0].Server.Count())

	c.Server.Counted = true
	require.True(t, table.Add(c, noon))
	require.Empty(t, table.Changed(noon))
}

func TestQueueTimeGoesWithTheConsumersHalf(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	c := pair(edge("web", "cart"), noon)
	c.Queue, c.Edge.Connection = time.Second, Messaging
	table.Add(c, noon)
	require.EqualValues(t, time.Second, table.Changed(noon)[0].Queue.Sum())
}

func TestFractionsAreRoundedOverTheBins(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	for i := range 3 {
		c := pair(edge("web", "cart"), noon)
		c.Weight, c.WeightUnknown = 1.5, i == 0
		c.Client.Duration = time.Duration(i+1) * time.Second
		table.Add(c, noon)
	}
	cells := table.Changed(noon)
	require.Len(t, cells, 1)
	require.EqualValues(t, 5, cells[0].Client.Count(), "3 × 1.5 rounded")
	require.EqualValues(t, 5, cells[0].Server.Count())
	require.Equal(t, 9*time.Second, cells[0].Client.Sum())
	require.EqualValues(t, 2, cells[0].WeightUnknown)
}

func TestACellThatBecomesZeroIsHandedOutOnce(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	c := clientOnly(edge("web", "cart"), noon)
	table.Add(c, noon)
	require.EqualValues(t, 1, table.Changed(noon)[0].Provisional)
	require.True(t, table.Add(retracted(c), noon))
	cells := table.Changed(noon)
	require.Len(t, cells, 1)
	require.Equal(t, Sketch{}, cells[0].Client)
	require.Zero(t, cells[0].Provisional)
	require.Empty(t, table.Changed(noon))
	require.Zero(t, table.Stats().Cells)
}

func TestARetractionOfWhatIsNotCountedIsRefused(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	c := clientOnly(edge("web", "cart"), noon)
	require.False(t, table.Add(retracted(c), noon))
	table.Add(serverOnly(c.Edge, noon), noon)
	require.False(t, table.Add(retracted(c), noon))
	both := pair(c.Edge, noon)
	table.Add(c, noon)
	both.Server.Duration = time.Hour
	require.False(t, table.Add(retracted(both), noon), "its server half was never counted")
	require.EqualValues(t, 3, table.Stats().RefusedStray)
	require.EqualValues(t, 2, table.Changed(noon)[0].Calls())
}

func TestWeightsThatAreNoneAreRefused(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	nan := 0.0
	for _, w := range []float64{-1, nan / nan, 1e7} {
		c := pair(edge("web", "cart"), noon)
		c.Weight = w
		require.False(t, table.Add(c, noon))
	}
	require.EqualValues(t, 3, table.Stats().RefusedWeight)
	c := pair(edge("web", "cart"), noon)
	c.Weight = 0
	require.True(t, table.Add(c, noon))
	require.Empty(t, table.Changed(noon), "weight 0 counts nothing")
}

func TestAQuietBucketIsFinalAndALaterCallOpensItAgain(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	c := clientOnly(edge("web", "cart"), noon)
	table.Add(c, noon.Add(time.Second))
	require.Empty(t, table.Seal(noon.Add(60*time.Second)))
	opened, ok := table.Oldest()
	require.True(t, ok)
	require.True(t, opened.Equal(noon))

	final := table.Seal(noon.Add(61 * time.Second))
	require.Len(t, final, 1)
	require.Equal(t, noon.Unix(), final[0].Closed)
	require.Zero(t, final[0].Provisional, "what is final can't be taken back")
	_, ok = table.Oldest()
	require.False(t, ok)
	require.False(t, table.Add(retracted(c), noon.Add(62*time.Second)))

	c.Arrival = noon.Add(2 * time.Minute)
	table.Add(c, c.Arrival)
	again := table.Changed(c.Arrival)
	require.Len(t, again, 1)
	require.Equal(t, c.Arrival.Unix(), again[0].Opened)
	require.Equal(t, final[0].Bucket, again[0].Bucket)
}

func TestABucketThatIsNeverQuietIsClosedByArrival(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	store := newest{}
	for i := range 2000 { // one second apart
		c := pair(edge("web", "cart"), noon)
		c.Arrival = noon.Add(time.Duration(i) * time.Second)
		table.Add(c, c.Arrival)
		store.write(table.Changed(c.Arrival))
		store.write(table.Seal(c.Arrival))
	}
	var closed, openings int
	for _, c := range store {
		openings++
		if c.Closed != 0 {
			require.EqualValues(t, 900, c.Calls())
			require.Equal(t, c.Opened+899, c.Closed)
			closed++
		}
	}
	require.Equal(t, 3, openings)
	require.Equal(t, 2, closed)
	require.EqualValues(t, 2000, store.calls())
}

func TestAdjacentOpeningsLeaveNoArrivalBetween(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	for _, second := range []int{0, 30, 880, 905, 895, 903, 901} {
		c := pair(edge("web", "cart"), noon)
		c.Arrival = noon.Add(time.Duration(second) * time.Second)
		table.Add(c, noon.Add(910*time.Second))
	}
	calls := map[int64]uint64{}
	for _, c := range table.Changed(noon) {
		calls[c.Opened-noon.Unix()] = c.Calls()
	}
	require.Equal(t, map[int64]uint64{0: 4, 900: 3}, calls)
}

func TestChangedHandsOutAPartAtATime(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	for i := range ChangedAtOnce + 5 {
		table.Add(pair(edge("web", fmt.Sprint(i)), noon), noon)
	}
	require.Len(t, table.Changed(noon), ChangedAtOnce)
	require.Len(t, table.Changed(noon), 5)
	require.Empty(t, table.Changed(noon))
}

func TestSealOverwritesWhatWasEmptiedSinceItWasHandedOut(t *testing.T) {
	table, store := NewTable(collector, TableOptions{MaxCells: 2}), newest{}
	gone := clientOnly(edge("web", "shop"), noon)
	folded := edge("web", "cart")
	table.Add(pair(folded, noon), noon)
	table.Add(gone, noon)
	store.write(table.Changed(noon))
	table.Add(retracted(gone), noon)
	folded.Callee.Name = "another"
	table.Add(pair(folded, noon), noon)
	store.write(table.Seal(noon.Add(time.Hour)))
	require.EqualValues(t, 2, store.calls())
	for _, c := range store {
		require.NotZero(t, c.Closed, c.Edge)
	}
	require.Empty(t, table.Changed(noon.Add(time.Hour)))
}

func TestRequeuedCellsAreHandedOutAgain(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	c := pair(edge("web", "cart"), noon)
	table.Add(c, noon)
	failed := table.Changed(noon)
	table.Add(c, noon)
	table.Requeue(failed)
	require.EqualValues(t, 2, table.Changed(noon)[0].Calls(), "as it is by now")

	final := table.Seal(noon.Add(time.Hour))
	table.Requeue(final)
	table.Requeue(failed) // of an opening that is final by now
	opened, ok := table.Oldest()
	require.True(t, ok, "what was not delivered is not final")
	require.Equal(t, noon.Unix(), opened.Unix())
	require.Equal(t, final, table.Changed(noon.Add(time.Hour)))
}

func TestRestoredCellsAreOverwritten(t *testing.T) {
	before, store := NewTable(collector, TableOptions{}), newest{}
	lost, kept := edge("web", "cart"), edge("web", "shop")
	before.Add(clientOnly(lost, noon), noon)
	before.Add(pair(kept, noon), noon)
	store.write(before.Changed(noon))
	after := NewTable(collector, TableOptions{})
	for _, c := range store {
		after.Restore([]Cell{c})
	}
	after.Add(pair(kept, noon), noon)
	store.write(after.Changed(noon.Add(-time.Hour))) // the clock was set back
	require.EqualValues(t, 1, store.calls())
	require.Len(t, store, 2)
}

func TestEntrancesAreFoldedFirst(t *testing.T) {
	table := NewTable(collector, TableOptions{MaxCells: 16})
	for i := range 12 {
		e := edge("", "web")
		e.Caller = Operation{Node: Outside}
		e.Callee.Name = fmt.Sprint("GET /", i)
		table.Add(serverOnly(e, noon), noon)
	}
	for i := range 10 {
		e := edge("web", "cart")
		e.Callee.Name = fmt.Sprint("GET /", i)
		require.True(t, table.Add(pair(e, noon), noon))
	}
	for _, c := range table.Changed(noon) {
		require.Equal(t, c.Edge.Caller.Node == Outside, c.Folded, c.Edge)
		if c.Folded {
			require.Equal(t, "(outside) -> web (other) [http]", c.Edge.String())
			require.EqualValues(t, 12, c.Calls())
		}
	}
}

func TestWhatCannotBeFoldedIsRefusedAndCounted(t *testing.T) {
	table := NewTable(collector, TableOptions{MaxCells: 2})
	for i := range 5 {
		table.Add(pair(edge("web", fmt.Sprint("service", i)), noon), noon)
	}
	require.EqualValues(t, 3, table.Stats().RefusedFull)
	require.EqualValues(t, 2, table.Stats().Calls)
	require.Len(t, table.Changed(noon), 2)
}

func TestTheQueueOfACountedMessageIsMeasured(t *testing.T) {
	table := NewTable(Writer{ID: 1}, TableOptions{})
	now := time.Unix(1_700_000_000, 0)
	require.True(t, table.Add(Call{
		Edge: Edge{Caller: Operation{Name: "send"}, Callee: Operation{Name: "process"}, Connection: Messaging}, End: now,
		Client: Half{Seen: true, Counted: true}, Server: Half{Seen: true, Counted: true}, Queue: time.Second, Weight: 10,
	}, now))
	cells := table.Changed(now)
	require.Len(t, cells, 1)
	require.Zero(t, cells[0].Calls())
	require.Zero(t, cells[0].Server.Count())
	require.EqualValues(t, 10, cells[0].Queue.Count())
}
