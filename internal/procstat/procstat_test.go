package procstat

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReadsAProcess(t *testing.T) {
	proc := t.TempDir()
	dir := filepath.Join(proc, "7")
	require.NoError(t, os.Mkdir(dir, 0o700))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("stat", "7 (a) b (c)) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 9 0 1 2 3\n")
	write("status", "Name:\ta\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n")
	u, err := read(proc, 7)
	require.NoError(t, err)
	require.Equal(t, Usage{CPU: 2 * time.Second, PeakRSS: 2 << 20, RSS: 1 << 20}, u)

	for _, bad := range []string{"", "7 (a) S 1", "7 (a) S 1 7 7 0 -1 4194560 100 0 0 0 x 50 0"} {
		write("stat", bad)
		_, err = read(proc, 7)
		require.ErrorIs(t, err, errStat)
	}
	_, err = read(proc, 8)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestReadsItself(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	u, err := Of(os.Getpid())
	require.NoError(t, err)
	require.Positive(t, u.RSS)
	require.GreaterOrEqual(t, u.PeakRSS, u.RSS/2)
}
