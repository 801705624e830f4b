package dependency

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// dueBook has some sites to note at.
func dueBook(sites int) (b *book, all []*site) {
	b = newBook(sites)
	to := &callee{Callee: strength.Callee{Peer: "db"}}
	for i := range sites {
		all = append(all, b.site(&operation{Operation: callgraph.Operation{Name: fmt.Sprint(i)}}, to))
	}
	return b, all
}

func (b *book) see(s *site, day int64, calls, failures uint64) {
	e := &b.note(s, day, strength.Observed).record.Evidence
	e.Calls += calls
	e.Failed[strength.Timeout].Seen += failures
}

func TestBusySitesAreHandedOutInTurn(t *testing.T) {
	const sites = 1000
	b, all := dueBook(sites)
	for _, s := range all {
		b.see(s, 1, 1000, 100)
	}
	require.Len(t, b.takeDue(sites, 1), sites, "nothing is known of them")
	times := map[callgraph.StaticID]int{}
	for turn := uint64(2); turn < 2+Turns; turn++ {
		for _, s := range all {
			b.see(s, 1, 10, 1)
		}
		records := b.takeDue(sites, turn)
		require.InDelta(t, sites/Turns, len(records), sites/Turns/2, "as many in each")
		for _, r := range records {
			times[r.Key.Site]++
		}
		require.Empty(t, b.takeDue(sites, turn), "once a turn")
	}
	require.Len(t, times, sites)
	for _, n := range times {
		require.Equal(t, 1, n)
	}
}

func TestWhatMattersIsNotLeftWaiting(t *testing.T) {
	for name, c := range map[string]struct {
		day             int64
		calls, failures uint64
		at              bool
	}{
		"little":             {1, 99, 9, false},
		"a tenth more calls": {1, 100, 0, true},
		"many more failures": {1, 1, 11, true},
		"another day":        {2, 1, 0, true},
	} {
		b, all := dueBook(1)
		b.see(all[0], 1, 1000, 100)
		require.Len(t, b.takeDue(1, 1), 1)
		b.see(all[0], c.day, c.calls, c.failures)
		turn := uint64(1)
		for uint64(all[0].id)%Turns == turn%Turns || turn == 1 {
			turn++
		}
		require.Equal(t, c.at, len(b.takeDue(1, turn)) == 1, name)
	}
	b, all := dueBook(1)
	b.see(all[0], 1, 1<<40, 0)
	require.Len(t, b.take(1), 1)
	b.see(all[0], 1, 1, 1)
	require.Len(t, b.takeDue(1, uint64(all[0].id)%Turns+1+Turns), 1, "the first failure")
}

// TestDueOrNotNothingIsLost: whoever takes, all is handed out once, and nothing
// waits for longer than Turns.
func TestDueOrNotNothingIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, all := dueBook(4)
		var seen, told uint64
		waits := map[*entry]int{}
		for turn := range uint64(40) {
			for range rapid.IntRange(0, 6).Draw(t, "notes") {
				n := rapid.Uint64Range(1, 100).Draw(t, "calls")
				b.see(rapid.SampledFrom(all).Draw(t, "site"), rapid.Int64Range(1, 2).Draw(t, "day"), n, 0)
				seen += n
			}
			for more := true; more; {
				limit := rapid.IntRange(1, 3).Draw(t, "limit")
				records := b.takeDue(limit, turn+1)
				if rapid.IntRange(0, 9).Draw(t, "all") == 0 {
					records = append(records, b.take(limit)...)
				}
				for _, r := range records {
					told += r.Evidence.Calls
				}
				more = len(records) > 0
			}
			for _, n := range b.pending {
				waits[n]++
				require.Less(t, waits[n], Turns)
			}
		}
		for _, r := range b.take(100) {
			told += r.Evidence.Calls
		}
		require.Equal(t, seen, told)
		require.Zero(t, b.due)
	})
}
