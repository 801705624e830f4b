package child

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func shell(t *testing.T, script string) Command {
	return Command{Path: "/bin/sh", Args: []string{"-c", script}, Log: filepath.Join(t.TempDir(), "log")}
}

// serving is a shell that runs until SIGTERM and then what onStop says. It is
// ready once it listens to signals.
func serving(t *testing.T, onStop string) Command {
	ready := filepath.Join(t.TempDir(), "ready")
	check := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := os.Stat(ready); err != nil {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(check.Close)
	c := shell(t, `trap '`+onStop+`' TERM; : > "$READY"; while :; do :; done`)
	c.Env, c.Answers = []string{"READY=" + ready}, check.URL
	return c
}

func TestStopTellsUsage(t *testing.T) {
	s, err := Start(t.Context(), serving(t, "exit 0"))
	require.NoError(t, err)
	_, err = s.Usage()
	require.NoError(t, err)
	u, err := s.Stop()
	require.NoError(t, err)
	require.Positive(t, u.PeakRSS)
	require.NoError(t, s.Kill(), "safe after Stop")
}

func TestBadEndShowsTheLog(t *testing.T) {
	c := shell(t, "echo the port is taken; exit 3")
	c.Listens = []string{"127.0.0.1:1"}
	_, err := Start(t.Context(), c)
	require.ErrorContains(t, err, "ended before it was ready: exit status 3")
	require.ErrorContains(t, err, "the port is taken")
	_, err = Start(t.Context(), Command{Path: "/absent", Log: filepath.Join(t.TempDir(), "log")})
	require.ErrorContains(t, err, "start /absent")
}

func TestBadStopIsAnError(t *testing.T) {
	s, err := Start(t.Context(), serving(t, "echo the store is broken; exit 4"))
	require.NoError(t, err)
	_, err = s.Stop()
	require.ErrorContains(t, err, "ended badly: exit status 4")
	require.ErrorContains(t, err, "the store is broken")
}

func TestRuntimesAreNotTuned(t *testing.T) {
	require.Equal(t, []string{"PATH=/bin"}, withoutTuning([]string{"GOMEMLIMIT=1GiB", "PATH=/bin", "GOGC=50"}))
}

func TestFreeOffset(t *testing.T) {
	offset, err := FreeOffset(t.Context())
	require.NoError(t, err)
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", 8889+offset))
	require.NoError(t, err)
	defer taken.Close()
	require.False(t, free(t.Context(), offset))
}

func TestDiskBytes(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), make([]byte, 100_000), 0o600))
	n, err := DiskBytes(dir)
	require.NoError(t, err)
	require.InDelta(t, 100_000, n, 10_000)
	_, err = DiskBytes(filepath.Join(dir, "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestFsync(t *testing.T) {
	f, err := MeasureFsync(t.TempDir(), 5)
	require.NoError(t, err)
	require.Positive(t, f.Median)
	require.GreaterOrEqual(t, f.P99, f.Median)
}
