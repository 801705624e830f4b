package graphview_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
)

// busyStore is written to while it is read, after what it yielded.
type busyStore struct {
	store
	during func() error
}

func (b *busyStore) Cells(ctx context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error {
	if err := b.store.Cells(ctx, w, yield); err != nil {
		return err
	}
	return b.during()
}

// stale returns a view whose first hour was sealed before another cell came.
func stale(t *testing.T, source *busyStore) *graphview.View {
	clock := time.Unix(0, 0)
	v := graphview.New(graphview.Options{Cells: 8, Source: source, Now: func() time.Time { return clock }})
	for i := range int64(5) {
		v.Apply(source.write(cell("a", "b", i*10, 1, 1)))
	}
	clock = clock.Add(time.Hour)
	v.Apply(source.write(cell("a", "b", 3600, 1, 1)))
	require.NotZero(t, v.Stats().Sealed)
	v.Apply(source.write(cell("a", "b", 100, 1, 1)))
	return v
}

func TestWhatComesWhileAnHourIsReadAgainIsKept(t *testing.T) {
	source := &busyStore{store: newStore()}
	v := stale(t, source)
	source.during = func() error {
		v.Apply(source.write(cell("c", "d", 110, 1, 1)))
		return nil
	}
	require.EqualValues(t, 7, total(t, v, window(0, 3600)).Calls)
	require.EqualValues(t, 1, v.Stats().Reloaded)
	require.EqualValues(t, 7, total(t, v, window(0, 3600)).Calls)
	require.EqualValues(t, 1, v.Stats().Reloaded, "once is enough")
	require.EqualValues(t, 8, total(t, v, window(0, 7200)).Calls)
}

func TestAFailureToReadAnHourAgainIsToldAndNotForGood(t *testing.T) {
	source := &busyStore{store: newStore()}
	v := stale(t, source)
	broken := errors.New("disk on fire")
	source.during = func() error { return broken }
	_, err := sum(v, window(0, 3600))
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "read hour 1970-01-01T00:00:00Z again")
	source.during = func() error { return nil }
	require.EqualValues(t, 6, total(t, v, window(0, 3600)).Calls)
}

func TestAViewThatIsResetWhileAnHourIsReadStaysEmpty(t *testing.T) {
	source := &busyStore{store: newStore()}
	v := stale(t, source)
	source.during = func() error { v.Reset(); return nil }
	require.Zero(t, total(t, v, window(0, 3600)))
	require.Zero(t, v.Stats().Cells)
}

// Readers and a writer at once, in a view that seals and evicts all the time.
func TestConcurrentReadersSeeWhatWasThere(t *testing.T) {
	source := &lockedStore{store: newStore()}
	v := graphview.New(graphview.Options{Cells: 50, Source: source})
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
				}
				_, err := v.Neighbourhood(context.Background(), graphview.Query{
					Focus: graphview.Focus{Service: callgraph.Service{Name: "a"}}, Up: 1, Down: 1, Limit: 10, Window: window(0, 36000),
				})
				if err != nil && !errors.Is(err, graphview.ErrUnknown) {
					t.Error(err)
				}
			}
		})
	}
	for i := range int64(2000) {
		v.Apply(source.write(cell("a", string(rune('b'+i%3)), i*13%36000, 1, 1)))
	}
	close(done)
	readers.Wait()
	require.LessOrEqual(t, v.Stats().Cells, 50)
}

type lockedStore struct {
	mu sync.Mutex
	store
}

func (l *lockedStore) write(c callgraph.Cell) []callgraph.Cell {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.store.write(c)
}

func (l *lockedStore) Cells(ctx context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error {
	var all []callgraph.Cell
	l.mu.Lock()
	_ = l.store.Cells(ctx, w, func(cells []callgraph.Cell) error { all = append(all, cells...); return nil })
	l.mu.Unlock()
	return yield(all)
}
