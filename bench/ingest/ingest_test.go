package main

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/bench/internal/load"
	"github.com/jcallgraph/jcallgraph/internal/procstat"
)

func TestCommandLine(t *testing.T) {
	o, err := parse([]string{"--peer=false", "--spans=5", "file"}, io.Discard)
	require.NoError(t, err)
	require.False(t, o.peer)
	require.Equal(t, []string{"file"}, o.files)
	_, err = parse([]string{"--spans=0"}, io.Discard)
	require.EqualError(t, err, "-spans, -request and -inflight must be at least 1")
}

func TestWholeRepetitions(t *testing.T) {
	b := bench{options: options{spans: 2_000_000}}
	require.Equal(t, 32, b.repetitions(load.Recording{Spans: 64_151}))
	require.Equal(t, 1, b.repetitions(load.Recording{Spans: 2_000_000}))
}

func TestSpansPerCPUSecond(t *testing.T) {
	m := measured{Outcome: load.Outcome{Spans: 300, Elapsed: time.Second}, usage: procstat.Usage{CPU: 3 * time.Second}}
	require.InDelta(t, 100, m.perCPUSecond(), 1e-9)
}

func TestReadsTheSumOfARecount(t *testing.T) {
	sum := recounted.FindSubmatch([]byte("a -> b calls=1 errors=0\n# 58 edges, 21 of them between observed operations, calls=34915 errors=4303\n"))
	require.Equal(t, "34915", string(sum[1]))
}
