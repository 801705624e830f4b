package admission

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func enter(t *testing.T, g *Gate) (leave func()) {
	t.Helper()
	leave, err := g.Enter(t.Context())
	require.NoError(t, err)
	return leave
}

func TestRequestsWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{MaxBytes: 2 * firstExpected})
		first, second := enter(t, g), enter(t, g)
		var entered atomic.Bool
		go func() {
			defer enter(t, g)()
			entered.Store(true)
		}()
		synctest.Wait()
		require.False(t, entered.Load())
		require.EqualValues(t, 1, g.Stats().Waiting)
		first()
		synctest.Wait()
		require.True(t, entered.Load())
		second()
		require.Equal(t, Stats{Admitted: 3, Waited: 1}, g.Stats())
	})
}

func TestALargeRequestGoesAlone(t *testing.T) {
	g := New(Options{MaxBytes: 1 << 20})
	g.Learn(16 << 20)
	leave := enter(t, g)
	require.False(t, g.working.TryAcquire(1))
	leave()
	require.True(t, g.working.TryAcquire(1<<20))
}

func TestWhoDoesNotWaitIsCounted(t *testing.T) {
	g := New(Options{MaxBytes: 1})
	defer enter(t, g)()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := g.Enter(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, Stats{Admitted: 1, Waited: 1, Abandoned: 1}, g.Stats())
}

func TestExpectsTheLargestOfLate(t *testing.T) {
	g := New(Options{})
	g.Learn(4 << 20)
	require.EqualValues(t, 4<<20, g.expected.Load())
	g.Learn(100)
	require.Less(t, g.expected.Load(), int64(4<<20))
	require.Greater(t, g.expected.Load(), int64(3<<20))
	for range 1000 {
		g.Learn(100)
	}
	require.InDelta(t, minExpected, g.expected.Load(), forget)
	g.Learn(5 << 20)
	require.EqualValues(t, 5<<20, g.expected.Load())
}

func TestOpenRequestsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{MaxRequests: 2})
		ctx, end := context.WithCancel(t.Context())
		require.NoError(t, g.Announce(ctx))
		require.NoError(t, g.Announce(t.Context()))
		require.ErrorIs(t, g.Announce(t.Context()), ErrCrowded)
		require.Equal(t, Stats{Open: 2, Refused: 1}, g.Stats())
		end()
		synctest.Wait()
		require.NoError(t, g.Announce(t.Context()))
	})
}

func TestHTTPBodyIsReadInTurn(t *testing.T) {
	g := New(Options{MaxBytes: 1, MaxRequests: 2})
	leave := enter(t, g)
	server := httptest.NewServer(g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})))
	defer server.Close()
	text := strings.Repeat("x", 100<<10)
	post := func() (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(text))
		if err != nil {
			return 0, err.Error()
		}
		answer, err := server.Client().Do(request)
		if err != nil {
			return 0, err.Error()
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(body)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			code, body := post()
			if code != http.StatusOK || body != text {
				t.Error(code, len(body))
			}
		})
	}
	for g.Stats().Waiting < 2 {
		yield()
	}
	code, body := post()
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, body, ErrCrowded.Error())
	leave()
	both.Wait()
	require.EqualValues(t, 2, g.Stats().Waited)
}
