package ring

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNothingIsLostOrDoubled(t *testing.T) {
	const producers, each = 16, 5000
	r := New[int](1000)
	refused := make([]int, producers)
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for i := range each {
				if !r.Offer(p*each + i) {
					refused[p]++
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	seen := map[int]bool{}
	take := func() {
		for _, v := range r.Take(nil, 100) {
			require.False(t, seen[v], v)
			seen[v] = true
		}
	}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		take()
	}
	for r.Len() > 0 {
		take()
	}
	sum := 0
	for _, n := range refused {
		sum += n
	}
	require.Equal(t, producers*each, len(seen)+sum)
}

func TestFullRingRefusesTheNewest(t *testing.T) {
	for _, capacity := range []int{1, 2, 100, 2048, 5000} {
		r := New[int](capacity)
		require.GreaterOrEqual(t, r.Cap(), capacity)
		for i := range r.Cap() {
			require.True(t, r.Offer(i), "%d of %d", i, r.Cap())
		}
		require.False(t, r.Offer(-1))
		require.Equal(t, r.Cap(), r.Len())
		got := r.Take(nil, r.Cap()+1)
		require.Len(t, got, r.Cap())
		require.NotContains(t, got, -1)
		require.Zero(t, r.Len())
		require.True(t, r.Offer(7))
		require.Equal(t, []int{7}, r.Take(nil, 1))
	}
}
