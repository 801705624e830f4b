package pebble

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"github.com/zeebo/xxh3"

	"github.com/jcallgraph/jcallgraph/storage"
)

func repeats(t *testing.T, s *Store, trace byte) bool {
	t.Helper()
	repeated, err := s.WriteSpans(t.Context(), numberedTrace(int(trace)))
	require.NoError(t, err)
	return repeated
}

func requestRows(t *testing.T, s *Store) (n int) {
	t.Helper()
	require.NoError(t, s.scan([]byte{prefixRequests}, prefixEnd(prefixRequests), func(_, _ []byte) error { n++; return nil }))
	return n
}

// TestRequestsAreKnownForAWhile also looks at the rows, which must not stay.
func TestRequestsAreKnownForAWhile(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := openStore(t, c.options())
	require.False(t, repeats(t, s, 1))
	c.now = c.now.Add(storage.RepeatWindow / 2)
	require.False(t, repeats(t, s, 2))
	c.now = c.now.Add(storage.RepeatWindow / 2)
	require.True(t, repeats(t, s, 1), "to be repeated does not prolong it")
	c.now = c.now.Add(1)
	s.maintain(t.Context(), c.now)
	require.Equal(t, 1, requestRows(t, s))
	require.False(t, repeats(t, s, 1))
	require.True(t, repeats(t, s, 2))
	require.Equal(t, 2, requestRows(t, s))
	require.Len(t, s.requests.arrivals, 2)
	require.Len(t, s.requests.order, 2)

	c.now = c.now.Add(storage.RepeatWindow * 3 / 4)
	s = reopen(t, s)
	require.False(t, repeats(t, s, 2))
	require.True(t, repeats(t, s, 1))
	c.now = c.now.Add(storage.RepeatWindow + 1)
	s.maintain(t.Context(), c.now)
	s.maintain(t.Context(), c.now)
	require.Zero(t, requestRows(t, s))
}

func TestTooManyRequestsAreForgottenOldestFirst(t *testing.T) {
	s := openStore(t, Options{})
	s.requests.most = 2
	for trace := range byte(3) {
		require.False(t, repeats(t, s, trace+1))
	}
	require.EqualValues(t, 1, s.Stats().ForgottenRequests)
	require.True(t, repeats(t, s, 3))
	require.True(t, repeats(t, s, 2))
	require.EqualValues(t, 2, s.Stats().RepeatedRequests)
	require.False(t, repeats(t, s, 1))
}

// TestRequestThatFoundNoRoomIsNotKnown repeats it once there is room.
func TestRequestThatFoundNoRoomIsNotKnown(t *testing.T) {
	fs := vfs.NewMem()
	s := openStore(t, Options{Directory: "store", fs: fs})
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 20, TotalBytes: 1 << 30})
	repeated, err := s.WriteSpans(t.Context(), numberedTrace(1))
	require.ErrorIs(t, err, storage.ErrFull)
	require.False(t, repeated)
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 29, TotalBytes: 1 << 30})
	require.False(t, repeats(t, s, 1))
	require.True(t, repeats(t, s, 1))
}

// TestEqualRequestsWaitForTheFirst lets the first fail, then succeed.
func TestEqualRequestsWaitForTheFirst(t *testing.T) {
	for arrival, want := range map[int64]bool{0: false, time.Now().UnixNano(): true} {
		t.Run(fmt.Sprint(want), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, hash := newRequests(10), xxh3.Uint128{Lo: 1}
				now := time.Unix(0, arrival)
				repeated, err := r.begin(t.Context(), hash, now)
				require.NoError(t, err)
				require.False(t, repeated)
				answers := make(chan bool, 1)
				go func() {
					repeated, _ := r.begin(t.Context(), hash, now)
					answers <- repeated
				}()
				synctest.Wait()
				require.Empty(t, answers)

				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, err = r.begin(ctx, hash, now)
				require.ErrorIs(t, err, context.Canceled, "who gave up does not wait")

				r.end(hash, arrival)
				require.Equal(t, want, <-answers)
				if !want {
					r.end(hash, 1)
				}
				require.Empty(t, r.flying)
			})
		})
	}
}

// BenchmarkKnowRequest is what a request of 512 spans costs beyond its commit.
func BenchmarkKnowRequest(b *testing.B) {
	const spans = 512
	r := newRequests(maxRequests)
	data := make([]byte, spans*300)
	now, n := time.Now(), byte(0)
	for b.Loop() {
		n++
		data[0] = n
		now = now.Add(time.Millisecond)
		hash := xxh3.Hash128(data)
		hash.Lo += uint64(now.UnixNano())
		_, _ = r.begin(b.Context(), hash, now)
		r.end(hash, now.UnixNano())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*spans), "ns/span")
}
