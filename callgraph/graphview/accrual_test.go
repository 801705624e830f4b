package graphview

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// counters are what an Accrual counted, by service.
type counters map[string]Count

func (c counters) add(a Accrued) {
	name := linkName(a.Caller, a.Callee, false)
	c[name] = c[name].plus(a.Count)
}

// total is the calls of all links.
func (c counters) total() (n uint64) {
	for _, count := range c {
		n += count.Calls
	}
	return n
}

// shownBy is what a view of all cells shows between services.
func shownBy(t require.TestingT, cells []callgraph.Cell) counters {
	v, shown := New(Options{}), counters{}
	v.Apply(cells)
	calls, err := v.Calls(context.Background(), callgraph.Window{From: time.Unix(0, 0), To: time.Unix(3600, 0)})
	require.NoError(t, err)
	for _, c := range calls {
		shown.add(Accrued{Caller: c.Caller, Callee: c.Callee, Count: c.Count})
	}
	return shown
}

// halves are calls at some sites: some fail unanswered, the client half of some
// ends in the bucket after the one of its server half.
func halves(t *rapid.T) (w world) {
	for s := range rapid.IntRange(1, 4).Draw(t, "sites") {
		there, callees := peer(fmt.Sprintf("peer %d", s), "GET"), rapid.IntRange(1, 3).Draw(t, "callees")
		for range rapid.IntRange(1, 12).Draw(t, "calls") {
			caller := op(fmt.Sprintf("service %d", s), rapid.SampledFrom([]string{"a", "b"}).Draw(t, "caller"))
			at, callee := rapid.Int64Range(0, 5).Draw(t, "at")*10, rapid.IntRange(-1, callees-1).Draw(t, "callee")
			w.total++
			if callee < 0 {
				w.add(clientHalves(caller, there, at, 1, callgraph.Timeout))
				continue
			}
			w.add(clientHalves(caller, there, at+rapid.Int64Range(0, 1).Draw(t, "later")*10, 1, callgraph.OK))
			w.add(serverHalves(refers(caller, there), op(fmt.Sprintf("callee %d", s), fmt.Sprint(callee)), at, 1, callgraph.OK))
		}
	}
	return w
}

// steady is a call for each bucket of each site in use until then, so that none
// is idle for as long as an Accrual looks back.
func (w *world) steady(until int64) {
	for s := range 4 {
		there, caller := peer(fmt.Sprintf("peer %d", s), "GET"), op(fmt.Sprintf("service %d", s), "a")
		for at := int64(0); at < until; at += 10 {
			w.total++
			w.add(clientHalves(caller, there, at, 1, callgraph.OK))
			w.add(serverHalves(refers(caller, there), op(fmt.Sprintf("callee %d", s), "0"), at, 1, callgraph.OK))
		}
	}
}

// TestCountersComeToWhatTheViewShows tells cells in time: however the buckets are
// counted, and the window moves, the counters are the view's calls.
func TestCountersComeToWhatTheViewShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, got := halves(t), counters{}
		w.steady(400)
		late := rapid.SampledFrom([]int64{100, 600}).Draw(t, "late")
		a := NewAccrual(AccrualOptions{Late: late}, 0, 60, got.add)
		a.Count(0)
		a.Apply(slices.Clone(w.cells))
		for until := int64(0); until < 400; until += 10 * rapid.Int64Range(1, 3).Draw(t, "buckets") {
			a.Count(until)
		}
		a.Count(420)
		require.Equal(t, shownBy(t, w.cells), got)
		require.Equal(t, w.total, got.total())
	})
}

// TestCallsAreCountedOnceWhateverIsLate tells cells in any order and long after
// their bucket was counted, names and callees among them: links may differ, the
// calls don't.
func TestCallsAreCountedOnceWhateverIsLate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, got := halves(t), counters{}
		a := NewAccrual(AccrualOptions{}, 0, 60, got.add)
		a.Count(0)
		cells := rapid.Permutation(w.cells).Draw(t, "order")
		for until := int64(0); len(cells) > 0; until += 10 * rapid.Int64Range(0, 2).Draw(t, "buckets") {
			n := min(rapid.IntRange(1, 5).Draw(t, "cells"), len(cells))
			a.Apply(slices.Clone(cells[:n]))
			a.Apply(slices.Clone(cells[:n])) // again: changes nothing
			cells = cells[n:]
			a.Count(until)
		}
		a.Count(500)
		require.Zero(t, a.Refused())
		owed := uint64(0)
		for _, c := range a.owed {
			owed += c.Calls
		}
		require.Equal(t, w.total, got.total()-owed, "%v, %v owed", got, a.owed)
	})
}

// TestCallsStayWhereTheyWereCounted has a callee that is known only after a
// bucket was counted, and then another at the same site: the calls of later
// buckets are theirs.
func TestCallsStayWhereTheyWereCounted(t *testing.T) {
	there, got := peer("host", "GET"), counters{}
	a := NewAccrual(AccrualOptions{}, 0, 60, got.add)
	a.Count(0)
	step := func(until int64, cells ...callgraph.Cell) {
		for i := range cells {
			cells[i].Writer.ID = uint64(until)*10 + uint64(i)
		}
		a.Apply(cells)
		a.Count(until)
	}
	buy, reserve, look := op("shop", "buy"), op("stock", "reserve"), op("stock", "look up")
	virtual, stock := "shop  -> host (virtual) ", "shop  -> stock "
	step(10, clientHalves(buy, there, 0, 100, callgraph.OK))
	require.Equal(t, counters{virtual: {100, 0}}, got)
	step(20, clientHalves(buy, there, 10, 7, callgraph.Timeout), serverHalves(refers(buy, there), reserve, 10, 5, callgraph.OK))
	require.Equal(t, counters{virtual: {100, 0}, stock: {7, 7}}, got)
	step(30, clientHalves(buy, there, 20, 3, callgraph.OK), clientHalves(buy, there, 20, 1, callgraph.Timeout),
		serverHalves(refers(buy, there), look, 20, 2, callgraph.OK))
	require.Equal(t, counters{virtual: {102, 1}, stock: {9, 7}}, got)
	// A server half of the last bucket comes late: its call was counted as one that
	// nobody answered, and the next of those makes up for it.
	step(31, serverHalves(refers(buy, there), look, 20, 1, callgraph.OK))
	require.Equal(t, counters{virtual: {102, 1}, stock: {10, 7}}, got)
	step(40, clientHalves(buy, there, 30, 2, callgraph.Timeout))
	require.Equal(t, counters{virtual: {103, 3}, stock: {10, 7}}, got)
}

// TestAnAccrualIsBounded counts buckets early when they are more than it may
// hold, and refuses what comes for them, or from the far future.
func TestAnAccrualIsBounded(t *testing.T) {
	got := counters{}
	a := NewAccrual(AccrualOptions{Cells: 20}, 0, 60, got.add)
	a.Count(0)
	for i := range int64(50) {
		c := clientHalves(op("shop", "buy"), peer("host", "GET"), i*10, 1, callgraph.OK)
		c.Writer.ID = uint64(i)
		a.Apply([]callgraph.Cell{c})
	}
	a.Count(10)
	require.LessOrEqual(t, a.view.records, 20)
	require.EqualValues(t, 310, a.Until(), "what was counted is let go, the oldest first")
	a.Apply([]callgraph.Cell{
		clientHalves(op("shop", "buy"), peer("host", "GET"), 0, 1, callgraph.OK),
		clientHalves(op("shop", "buy"), peer("host", "GET"), 1e9, 1, callgraph.OK),
	})
	a.Count(500)
	require.EqualValues(t, 2, a.Refused())
	require.EqualValues(t, 50, got.total())
}

// TestAnAccrualGoesOnAfterARestart begins with cells that an earlier one counted.
func TestAnAccrualGoesOnAfterARestart(t *testing.T) {
	there, got := peer("host", "GET"), counters{}
	buy := op("shop", "buy")
	old := []callgraph.Cell{
		clientHalves(buy, there, 0, 8, callgraph.OK), clientHalves(buy, there, 40, 4, callgraph.OK),
		serverHalves(refers(buy, there), op("stock", "reserve"), 0, 9, callgraph.OK),
	}
	a := NewAccrual(AccrualOptions{}, 40, 30, got.add)
	a.Apply(old)
	require.Empty(t, got)
	a.Count(60)
	require.Equal(t, counters{"shop  -> stock ": {4, 0}}, got)
	require.Zero(t, a.Refused())
}

// BenchmarkAccrual counts one bucket where as many cells are held as may be.
func BenchmarkAccrual(b *testing.B) {
	const edges, buckets = 2000, 120
	cells := func(at int64) (all []callgraph.Cell) {
		for i := range edges {
			caller, there := op(fmt.Sprintf("service %d", i/10), "a"), peer(fmt.Sprintf("peer %d", i), "GET")
			if i%2 == 0 {
				all = append(all, clientHalves(caller, there, at, 5, callgraph.OK))
			} else {
				all = append(all, serverHalves(refers(caller, peer(fmt.Sprintf("peer %d", i-1), "GET")), op(fmt.Sprintf("callee %d", i), "b"), at, 5, callgraph.OK))
			}
		}
		return all
	}
	a := NewAccrual(AccrualOptions{Late: 10_000}, 0, 60, func(Accrued) {})
	a.Count(0)
	for i := range int64(buckets) {
		a.Apply(cells(i * 10))
		a.Count(i*10 + 10)
	}
	b.ReportMetric(float64(a.view.records), "cells")
	for i := int64(buckets); b.Loop(); i++ {
		a.Apply(cells(i * 10))
		a.Count(i*10 + 10)
	}
}
