package rounds_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/rounds"
)

func TestRoundsComeAtTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, n := time.Now(), 0
		r := rounds.Start(time.Second, func(_ context.Context, now time.Time) {
			n++
			require.Equal(t, begun.Add(time.Duration(n)*time.Second), now)
		})
		time.Sleep(3500 * time.Millisecond)
		r.Stop(t.Context())
		time.Sleep(time.Minute)
		require.Equal(t, 3, n)
	})
}

// slow is rounds of which the first is on: it takes ten seconds unless it is given up.
func slow() (r *rounds.Rounds, ended *time.Duration) {
	begun, ended := time.Now(), new(time.Duration)
	r = rounds.Start(time.Second, func(ctx context.Context, _ time.Time) {
		select {
		case <-time.After(10 * time.Second):
		case <-ctx.Done():
		}
		*ended = time.Since(begun)
	})
	time.Sleep(1500 * time.Millisecond)
	return r, ended
}

func TestARoundComesToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ended := slow()
		r.Stop(t.Context())
		require.Equal(t, 11*time.Second, *ended)
	})
}

func TestWhoWaitsGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ended := slow()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		r.Stop(ctx)
		require.Equal(t, 3500*time.Millisecond, *ended)
	})
}

func TestGivenUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ended := slow()
		r.GiveUp()
		require.Equal(t, 1500*time.Millisecond, *ended)
	})
}
