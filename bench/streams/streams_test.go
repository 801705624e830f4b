package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/bench/internal/receiving"
)

// TestMain lets the tests start this program to receive and to send.
func TestMain(m *testing.M) {
	receiving.Served()
	sent()
	os.Exit(m.Run())
}

func TestFiguresOfFewStreams(t *testing.T) {
	var out strings.Builder
	profiles := t.TempDir()
	require.NoError(t, run(t.Context(), []string{"-idle", "20", "-trickling", "3", "-rest", "1ms", "-watch", "1ms", "-down", "0s", "-profile", profiles}, &out, &out))
	for _, name := range []string{
		"trickling_kib", "trickling_spans_per_second", "idle_kib", "idle_sender_kib", "idle_without_garbage_kib", "idle_goroutines", "connect_s",
		"reconnect_s", "reconnect_99_percent_s", "reconnect_peak_per_s",
	} {
		require.Contains(t, out.String(), "\n"+name+" ")
	}
	require.Contains(t, out.String(), "\nidle_connected 20 streams\n")
	require.FileExists(t, filepath.Join(profiles, "idle-0.pprof"))
}

func TestParts(t *testing.T) {
	for _, c := range []struct {
		n, most int
		want    []int
	}{{7, 10, []int{7}}, {10, 10, []int{10}}, {11, 10, []int{5, 6}}, {30_000, 19_800, []int{15_000, 15_000}}, {25, 10, []int{8, 8, 9}}} {
		require.Equal(t, c.want, parts(c.n, c.most))
	}
}

func TestRateFindsTheFullestSecond(t *testing.T) {
	var r rate
	sum := uint64(5)
	for i := range 40 {
		if i >= 15 && i < 25 {
			sum += 3
		}
		r.add(sum)
	}
	require.Equal(t, uint64(30), r.peak)
}

func TestFlagsThatAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-idle", "0"}, {"-trickling", "0"}, {"-rest", "0s"}, {"-watch", "0s"}, {"-down", "-1s"}, {"-state", "0"}, {"file"}} {
		_, err := parse(args, &strings.Builder{})
		require.Error(t, err, args)
	}
}
