package sampler

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFirstSightOfAnEdge(t *testing.T) {
	s := NewSightings(time.Minute)
	require.True(t, s.First("a", "b", 1000))
	require.False(t, s.First("a", "b", 1059))
	require.True(t, s.First("a", "c", 1059))
	require.True(t, s.First("b", "a", 1059))
	require.True(t, s.First("a", "b", 1060))
	require.False(t, s.First("a", "b", 1001), "a clock that goes back a little")
}

func TestSightingsForget(t *testing.T) {
	s := NewSightings(time.Second)
	for i := range tableLimit + 10 {
		s.First("a", fmt.Sprint(i), 1000)
	}
	require.Len(t, s.table.all(), tableLimit)
	require.Equal(t, uint64(10), s.table.refused.Load())
	s.Tick(1009)
	require.Len(t, s.table.all(), tableLimit)
	s.Tick(1010)
	require.Empty(t, s.table.all())
}

func TestOneOfManySeesItFirst(t *testing.T) {
	s := NewSightings(time.Minute)
	var firsts atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 100 {
				if s.First("a", fmt.Sprint(i), 1000) {
					firsts.Add(1)
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, int64(100), firsts.Load())
}
