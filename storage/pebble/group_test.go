package pebble

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// writes notes batches; each takes a while, as a disk does.
type writes struct {
	mu      sync.Mutex
	batches []int // requests of each
	err     error
}

func (w *writes) write(batch []*request) error {
	time.Sleep(5 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.batches = append(w.batches, len(batch))
	return w.err
}

// burst lets callers write requests of so many spans, one after another.
func burst(t *testing.T, w *writes, callers, requests, spans int) *group {
	t.Helper()
	g := &group{}
	g.init()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range requests {
				r := &request{data: make([]byte, 100*spans), spans: spans, turn: make(chan turn, 1)}
				if err := g.write(r, w.write); !errors.Is(err, w.err) {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	all.Wait()
	require.Zero(t, g.running)
	require.Zero(t, g.spans)
	require.Empty(t, g.queue)
	total := 0
	for _, n := range w.batches {
		total += n
	}
	require.Equal(t, callers*requests, total, "each request is written once")
	return g
}

func TestSmallRequestsAreWrittenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &writes{}
		burst(t, w, 16, 100, 10)
		require.Less(t, len(w.batches), 120, "%v", w.batches)
	})
}

func TestLoneRequestDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &writes{}
		began := time.Now()
		burst(t, w, 1, 10, 10)
		require.Equal(t, 50*time.Millisecond, time.Since(began))
	})
}

func TestLargeRequestsAreWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &writes{}
		began := time.Now()
		g := burst(t, w, 2, 10, 1000)
		require.Equal(t, 50*time.Millisecond, time.Since(began), "two at a time, of %d", g.most)
	})
}

func TestAllOfABatchFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		burst(t, &writes{err: errors.New("no")}, 16, 10, 10)
	})
}

// TestCrowdLeaves has many callers, then one: it waits once at most.
func TestCrowdLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &writes{}
		g := burst(t, w, 16, 10, 10)
		began := time.Now()
		for range 10 {
			require.NoError(t, g.write(&request{spans: 1, turn: make(chan turn, 1)}, w.write))
		}
		require.Equal(t, 50*time.Millisecond+settleTime, time.Since(began))
	})
}
