package graphview_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
)

// store is a Source that holds cells by key, the greatest Sequence, or sums.
type store struct {
	cells  map[callgraph.CellKey]callgraph.Cell
	summed map[callgraph.CellKey]bool
}

func newStore() store {
	return store{map[callgraph.CellKey]callgraph.Cell{}, map[callgraph.CellKey]bool{}}
}

// write returns what it changed.
func (s store) write(c callgraph.Cell) []callgraph.Cell {
	if old, known := s.cells[c.CellKey]; s.summed[c.CellKey] || known && c.Sequence <= old.Sequence {
		return nil
	}
	s.cells[c.CellKey] = c
	return []callgraph.Cell{c}
}

func (s store) Cells(_ context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error {
	for _, c := range s.cells {
		if !w.Contains(c.Bucket.Window().From) {
			continue
		}
		if err := yield([]callgraph.Cell{c}); err != nil {
			return err
		}
	}
	return nil
}

func operation(service, name string) callgraph.Operation {
	return callgraph.Operation{Service: callgraph.Service{Name: service}, Name: name}
}

// cell counts n calls of 10 ms from a to b, in the bucket at second at.
func cell(a, b string, at int64, n, sequence uint64) callgraph.Cell {
	c := callgraph.Cell{Sequence: sequence}
	c.Edge = callgraph.Edge{Caller: operation(a, "GET /"), Callee: operation(b, "GET /")}
	c.Bucket = callgraph.BucketAt(time.Unix(at, 0), callgraph.HotWidth)
	c.Client.Add(10*time.Millisecond, n)
	return c
}

func window(from, to int64) callgraph.Window {
	return callgraph.Window{From: time.Unix(from, 0), To: time.Unix(to, 0)}
}

func total(t *testing.T, v *graphview.View, w callgraph.Window) graphview.Count {
	count, err := sum(v, w)
	require.NoError(t, err)
	return count
}

func sum(v *graphview.View, w callgraph.Window) (sum graphview.Count, err error) {
	calls, err := v.Calls(context.Background(), w)
	for _, c := range calls {
		sum.Calls += c.Calls
		sum.Errors += c.Errors
	}
	return sum, err
}

func TestTheGreatestSequenceHolds(t *testing.T) {
	v := graphview.New(graphview.Options{})
	v.Apply([]callgraph.Cell{cell("a", "b", 0, 3, 2), cell("a", "b", 0, 1, 1), cell("a", "b", 0, 3, 2)})
	require.Equal(t, graphview.Count{Calls: 3}, total(t, v, window(0, 10)))
}

func TestWritersAndOpeningsAddUp(t *testing.T) {
	other, reopened := cell("a", "b", 0, 2, 1), cell("a", "b", 0, 4, 1)
	other.Writer.ID = 2
	reopened.Opened = 100
	v := graphview.New(graphview.Options{})
	v.Apply([]callgraph.Cell{cell("a", "b", 0, 1, 9), other, reopened})
	require.Equal(t, graphview.Count{Calls: 7}, total(t, v, window(0, 10)))
}

func TestAZeroCellVanishesAndStaysAway(t *testing.T) {
	v := graphview.New(graphview.Options{})
	v.Apply([]callgraph.Cell{cell("a", "b", 0, 3, 1), cell("a", "b", 0, 0, 3), cell("a", "b", 0, 5, 2)})
	require.Zero(t, total(t, v, window(0, 10)))
	a, err := v.Map(context.Background(), window(0, 10), "", 10)
	require.NoError(t, err)
	require.Empty(t, a.Links)
}

func TestCallsAreTheClientHalfElseTheServerHalf(t *testing.T) {
	ok, failed := cell("a", "b", 0, 5, 1), cell("a", "b", 0, 1, 1)
	ok.Server.Add(5*time.Millisecond, 7)
	ok.ServerOnly = 2
	failed.Outcome = callgraph.Timeout
	v := graphview.New(graphview.Options{})
	v.Apply([]callgraph.Cell{ok, failed})
	a, err := v.Map(context.Background(), window(0, 10), "", 10)
	require.NoError(t, err)
	link := a.Links[0]
	require.Equal(t, graphview.Count{Calls: 8, Errors: 1}, link.Count())
	require.EqualValues(t, 7, link.Outcomes[callgraph.OK])
	require.EqualValues(t, 1, link.Outcomes[callgraph.Timeout])
	require.EqualValues(t, 7, link.Server[callgraph.OK])
	require.Zero(t, link.Server[callgraph.Timeout], "the callee saw none")
	require.EqualValues(t, 6, link.Sum.Client.Count())
	require.EqualValues(t, 7, link.Sum.Server.Count())
	require.InEpsilon(t, 0.005, link.Sum.Server.Quantile(0.99).Seconds(), 0.03)
}

func TestTheFirstBucketIsKnownUntilOlderOnesAreOnlyInTheSource(t *testing.T) {
	v := graphview.New(graphview.Options{})
	require.Zero(t, v.First())
	v.Apply([]callgraph.Cell{cell("a", "b", 70, 1, 1), cell("a", "b", 30, 1, 1), cell("a", "c", 90, 1, 1)})
	require.Equal(t, time.Unix(30, 0).UTC(), v.First())
	v.Reset()
	require.Zero(t, v.First())
	v = graphview.New(graphview.Options{Cells: 8})
	for i := range int64(20) {
		v.Apply([]callgraph.Cell{cell("a", "b", i*3600, 1, 1)})
	}
	require.NotZero(t, v.Stats().Evicted)
	require.Zero(t, v.First())
}

func TestAnInvalidOutcomeIsCountedAndLeftOut(t *testing.T) {
	c := cell("a", "b", 0, 1, 1)
	c.Outcome = 99
	v := graphview.New(graphview.Options{})
	v.Apply([]callgraph.Cell{c})
	require.Zero(t, total(t, v, window(0, 10)))
	require.EqualValues(t, 1, v.Stats().Invalid)
}

func TestTheWindowIsRoundedOutwardsToItsBuckets(t *testing.T) {
	v := graphview.New(graphview.Options{})
	v.Apply([]callgraph.Cell{cell("a", "b", 0, 1, 1), cell("a", "b", 10, 2, 1), cell("a", "b", 20, 4, 1), cell("a", "b", -10, 8, 1)})
	a, err := v.Map(context.Background(), window(5, 11), "", 10)
	require.NoError(t, err)
	require.EqualValues(t, 3, a.Links[0].Count().Calls)
	require.Equal(t, window(0, 20).From.UTC(), a.Window.From)
	require.Equal(t, window(0, 20).To.UTC(), a.Window.To)
}

// Whatever a view seals, evicts and reads again: with a source its answers are
// those of the cells, and its memory keeps to the bound.
func TestAnswersAreThoseOfTheCells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const hours, bound = 5, 60
		clock := time.Unix(0, 0)
		cells := newStore()
		v := graphview.New(graphview.Options{Cells: bound, Source: cells, Now: func() time.Time { return clock }})
		names := rapid.SampledFrom([]string{"a", "b"})
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			clock = clock.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "minutes")) * time.Minute)
			for range rapid.IntRange(0, 5).Draw(t, "cells") {
				c := cell(names.Draw(t, "caller"), names.Draw(t, "callee"),
					10*rapid.Int64Range(0, hours*360-1).Draw(t, "at"), rapid.Uint64Range(0, 9).Draw(t, "n"), uint64(step))
				c.Outcome = callgraph.Outcome(2 * rapid.IntRange(0, 1).Draw(t, "outcome"))
				c.Writer.ID = rapid.Uint64Range(1, 2).Draw(t, "writer")
				v.Apply(cells.write(c))
			}
			if rapid.IntRange(0, 9).Draw(t, "sum") == 0 {
				cells.sum(rapid.Int64Range(0, hours-1).Draw(t, "hour"))
			}
			switch rapid.IntRange(0, 19).Draw(t, "again") {
			case 0: // as after a restart
				v.Reset()
				cells.all(v.Fill)
			case 1: // as by a store that does not know the cursor
				cells.all(v.Apply)
			}
			from := rapid.Int64Range(0, hours).Draw(t, "from") * 3600
			to := from + rapid.Int64Range(0, hours).Draw(t, "hours")*3600
			clock = clock.Add(11 * time.Minute) // views of the past are kept for a while
			got, err := sum(v, window(from, to))
			var tooMuch *graphview.TooMuchError
			if !errors.As(err, &tooMuch) {
				require.NoError(t, err)
				require.Equal(t, cells.count(window(from, to)), got, "hours %d to %d", from/3600, to/3600)
			}
			require.LessOrEqual(t, v.Stats().Cells, bound)
		}
	})
}

// sum puts sums by the minute in the place of an hour's narrow cells, which
// are final from then on.
func (s store) sum(hour int64) {
	for key, c := range s.cells {
		if key.Bucket.Width != callgraph.HotWidth || key.Bucket.Start/3600 != hour {
			continue
		}
		delete(s.cells, key)
		s.summed[key] = true
		wide := key
		wide.Bucket = callgraph.BucketAt(key.Bucket.Window().From, callgraph.MinuteWidth)
		total := s.cells[wide]
		total.CellKey = wide
		total.Sequence++
		total.Client = total.Client.Clone()
		total.Client.Merge(c.Client)
		s.cells[wide] = total
	}
}

func (s store) all(take func([]callgraph.Cell)) {
	_ = s.Cells(context.Background(), window(0, 1<<40), func(cells []callgraph.Cell) error {
		take(cells)
		return nil
	})
}

func (s store) count(w callgraph.Window) (sum graphview.Count) {
	for _, c := range s.cells {
		if !w.Contains(c.Bucket.Window().From) {
			continue
		}
		sum.Calls += c.Calls()
		if c.Outcome.Failed() {
			sum.Errors += c.Calls()
		}
	}
	return sum
}

func TestSealingAndEvictionHappen(t *testing.T) {
	clock := time.Unix(0, 0)
	v := graphview.New(graphview.Options{Cells: 400, Now: func() time.Time { return clock }})
	for hour := range int64(4) {
		for bucket := range int64(360) {
			v.Apply([]callgraph.Cell{cell("a", "b", hour*3600+bucket*10, 1, 1)})
		}
		clock = clock.Add(time.Hour)
	}
	s := v.Stats()
	require.NotZero(t, s.Sealed)
	require.LessOrEqual(t, s.Cells, 400)
	require.EqualValues(t, 4*360, total(t, v, window(0, 4*3600)).Calls, "sealing loses nothing")
	for bucket := range int64(2000) {
		v.Apply([]callgraph.Cell{cell("c", "d", 4*3600+bucket*10, 1, 1)})
	}
	require.NotZero(t, v.Stats().Evicted)
	require.Equal(t, 1, v.Stats().Edges, "what has no cells is forgotten")
}

func TestTooMuchOfThePastIsRefused(t *testing.T) {
	cells := newStore()
	v := graphview.New(graphview.Options{Cells: 10, Source: cells})
	for i := range int64(100) {
		v.Apply(cells.write(cell("a", string(rune('a'+i)), i*3600, 1, 1)))
	}
	_, err := v.Calls(context.Background(), window(0, 100*3600))
	var tooMuch *graphview.TooMuchError
	require.ErrorAs(t, err, &tooMuch)
	require.EqualValues(t, 3, total(t, v, window(0, 3*3600)).Calls)
}
