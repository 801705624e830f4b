package pebble

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// crashDirectory tells the test binary that it is the process which is killed.
const crashDirectory = "JCG_TEST_CRASH_DIRECTORY"

// TestCrash kills a process that writes from many goroutines, several times
// over the same folder: nothing that it said was acknowledged may be missing,
// in no index.
func TestCrash(t *testing.T) {
	if directory := os.Getenv(crashDirectory); directory != "" {
		writeUntilKilled(t, directory)
	}
	directory := t.TempDir()
	var acknowledged []int
	for round := range 3 {
		acknowledged = append(acknowledged, killWriter(t, directory, round)...)
		requireAcknowledged(t, directory, round+1, acknowledged)
	}
}

const (
	crashWriters = 8
	crashSpans   = 300 // of a request: chunks fill up and are indexed meanwhile
	crashAcks    = 250 // after which the process is killed: a chunk is full
)

// killWriter returns the numbers of the requests that were acknowledged.
func killWriter(t *testing.T, directory string, round int) (numbers []int) {
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrash$")
	child.Env = append(os.Environ(), crashDirectory+"="+directory, "JCG_TEST_CRASH_ROUND="+strconv.Itoa(round))
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		number, ok := strings.CutPrefix(lines.Text(), "acknowledged ")
		if !ok {
			continue
		}
		n, err := strconv.Atoi(number)
		require.NoError(t, err)
		numbers = append(numbers, n)
		if len(numbers) == 10 {
			_, err := Open(Options{Directory: directory})
			require.ErrorContains(t, err, "another process has it open")
		}
		if len(numbers) == crashAcks {
			require.NoError(t, child.Process.Kill())
		}
	}
	require.Error(t, child.Wait(), "the process was killed")
	require.GreaterOrEqual(t, len(numbers), crashAcks)
	return numbers
}

// writeUntilKilled does not return.
func writeUntilKilled(t *testing.T, directory string) {
	s, err := Open(Options{Directory: directory, fs: unsynced{vfs.Default}})
	require.NoError(t, err)
	round, err := strconv.Atoi(os.Getenv("JCG_TEST_CRASH_ROUND"))
	require.NoError(t, err)
	var all sync.WaitGroup
	for w := range crashWriters {
		all.Go(func() {
			for i := 0; ; i++ {
				n := numberOf(round, w, i)
				if err := writeNumbered(s, n); err != nil {
					fmt.Println("failed", err)
					return
				}
				fmt.Printf("acknowledged %d\n", n)
			}
		})
	}
	all.Wait()
	t.FailNow()
}

func writeNumbered(s *Store, n int) error {
	if err := s.WriteCells(context.Background(), []callgraph.Cell{numberedCell(n)}); err != nil {
		return err
	}
	if _, err := s.WriteInterval(context.Background(), numberedInterval(n)); err != nil {
		return err
	}
	_, err := s.WriteSpans(context.Background(), numberedTrace(n))
	return err
}

// numberedInterval is one of a process for each round and writer, and counts one
// call of an edge that all share.
func numberedInterval(n int) callgraph.Interval {
	c := countedCell("shared", 1, time.Unix(1000, 0))
	return callgraph.Interval{Instance: strconv.Itoa(n >> 16), Number: uint64(n&0xffff) + 1, Cells: []callgraph.Cell{c}}
}

// requireCountedOnce sends every interval again that may have been written:
// those that were acknowledged are known, or too long ago where a writer got
// ahead of the others; of the others, one of each writer at most, it does not
// matter; and all count once.
func requireCountedOnce(t *testing.T, s *Store, rounds int, numbers []int) {
	sent := map[int]bool{}
	for _, n := range numbers {
		repeated, err := s.WriteInterval(t.Context(), numberedInterval(n))
		require.Truef(t, repeated || errors.Is(err, storage.ErrForgotten), "interval %x: %v", n, err)
		sent[n] = true
	}
	for _, n := range inFlight(rounds, numbers) {
		if !sent[n] {
			_, err := s.WriteInterval(t.Context(), numberedInterval(n))
			require.NoError(t, err)
			sent[n] = true
		}
	}
	var calls uint64
	for _, c := range allCells(t, s) {
		if c.Edge.Callee.Name == "shared" {
			calls += c.Client.Count()
		}
	}
	require.EqualValues(t, len(sent), calls)
}

// inFlight are the requests that may have been when the process was killed: each
// writer's next one, and its first.
func inFlight(rounds int, acknowledged []int) (numbers []int) {
	for _, n := range acknowledged {
		numbers = append(numbers, n+1)
	}
	for writer := range rounds * crashWriters {
		numbers = append(numbers, numberOf(writer/crashWriters, writer%crashWriters, 0))
	}
	return numbers
}

// numberOf is the number of a writer's ith request.
func numberOf(round, writer, i int) int { return round<<24 | writer<<16 | i }

func numberedCell(n int) callgraph.Cell {
	var c callgraph.Cell
	c.Edge.Callee.Name, c.Bucket, c.Opened, c.Sequence = strconv.Itoa(n), callgraph.Bucket{Width: 10}, time.Now().Unix(), uint64(n)
	return c
}

func numberedID(n int) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[:8], uint64(n)+1)
	binary.BigEndian.PutUint64(id[8:], uint64(n)*0x9e3779b97f4a7c15)
	return id
}

func numberedTrace(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range crashSpans {
		s := spans.AppendEmpty()
		s.SetTraceID(numberedID(n))
		s.SetSpanID(pcommon.SpanID{0: 1, 6: byte(i >> 8), 7: byte(i)})
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Unix(int64(n), 0)))
		s.Attributes().PutInt("n", int64(n))
		s.Attributes().PutInt("common", int64(i%10))
	}
	return td
}

func requireAcknowledged(t *testing.T, directory string, rounds int, numbers []int) {
	s := openStore(t, Options{Directory: directory})
	cells := map[string]bool{}
	require.NoError(t, s.Cells(t.Context(), callgraph.Window{From: time.Unix(0, 0), To: time.Unix(1, 0)}, func(batch []callgraph.Cell) error {
		for _, c := range batch {
			cells[c.Edge.Callee.Name] = true
		}
		return nil
	}))
	for _, n := range numbers {
		td, err := s.Trace(t.Context(), numberedID(n))
		require.NoErrorf(t, err, "request %d", n)
		require.Equal(t, crashSpans, td.SpanCount())
		q := storage.Query{Attributes: map[string]string{"n": strconv.Itoa(n), "common": "7"}, Limit: 5}
		found, err := s.Search(t.Context(), q)
		require.NoError(t, err)
		require.Lenf(t, found, 1, "request %d", n)
		require.Truef(t, cells[strconv.Itoa(n)], "cell %d", n)
	}
	requireCountedOnce(t, s, rounds, numbers)
	s.indexFull(t.Context()) // where that is behind
	require.Positive(t, s.Stats().Chunks)
	require.Zero(t, s.Stats().CorruptSegments)
	require.NoError(t, s.Close())
}
