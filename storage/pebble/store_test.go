package pebble

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"

	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/storagetest"
)

func openStore(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Directory == "" {
		o.Directory = t.TempDir()
	}
	if o.fs == nil {
		o.fs = unsynced{vfs.Default}
	}
	s, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func reopen(t testing.TB, s *Store) *Store {
	t.Helper()
	require.NoError(t, s.Close())
	return openStore(t, s.options)
}

// oneSpan is a request of one span of a trace.
func oneSpan(trace, span byte) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "web")
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID(pcommon.TraceID{0: 1, 11: trace})
	s.SetSpanID(pcommon.SpanID{0: 1, 7: span})
	s.SetName("op")
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	return td
}

func writeOne(t testing.TB, s storage.SpanWriter, trace byte) {
	t.Helper()
	_, err := s.WriteSpans(context.Background(), oneSpan(trace, 1))
	require.NoError(t, err)
}

// settleIndexes seals the tail and waits until it is indexed.
func (s *Store) settleIndexes(t testing.TB) {
	t.Helper()
	s.ledger.sealBefore(1<<63 - 1)
	s.indexFull(context.Background())
}

func TestContract(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Backend { return openStore(t, Options{}) },
		storagetest.Persistent(func(t *testing.T, b storage.Backend) storage.Backend { return reopen(t, b.(*Store)) }))
}

// sealing makes chunks of few segments, so that the suite reads indexes from
// disk.
type sealing struct {
	*Store
	t     *testing.T
	every uint64
}

func (s *sealing) WriteSpans(ctx context.Context, td ptrace.Traces) (bool, error) {
	repeated, err := s.Store.WriteSpans(ctx, td)
	for errors.Is(err, storage.ErrFull) { // others sealed more than waits to be indexed
		s.settleIndexes(s.t)
		repeated, err = s.Store.WriteSpans(ctx, td)
	}
	if err == nil && s.stats.segments.Load()%s.every == 0 {
		s.settleIndexes(s.t)
	}
	return repeated, err
}

// inMemory is for tests that are not about the medium.
func inMemory() Options { return Options{Directory: "store", fs: vfs.NewMem()} }

func TestContractOnChunks(t *testing.T) {
	for name, every := range map[string]uint64{"of one segment": 1, "of twenty": 20} {
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Backend {
				return &sealing{Store: openStore(t, inMemory()), t: t, every: every}
			}, storagetest.Persistent(func(t *testing.T, b storage.Backend) storage.Backend {
				return &sealing{Store: reopen(t, b.(*sealing).Store), t: t, every: every}
			}))
		})
	}
}

func TestOpenInUse(t *testing.T) {
	s := openStore(t, Options{})
	_, err := Open(s.options)
	require.ErrorContains(t, err, s.options.Directory)
	require.ErrorContains(t, err, "another process has it open")
	writeOne(t, s, 1)
}

func TestOpenWhereAFileIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	for _, directory := range []string{path, filepath.Join(path, "below")} {
		_, err := Open(Options{Directory: directory})
		require.ErrorContains(t, err, directory)
		require.ErrorContains(t, err, "a file is in the way")
	}
	_, err := Open(Options{})
	require.ErrorContains(t, err, "no directory")
}

// readOnlyFS denies what a folder without write permission denies; tests may
// run as root, whom the system denies nothing.
type readOnlyFS struct{ vfs.FS }

func (readOnlyFS) Lock(name string) (io.Closer, error) {
	return nil, &os.PathError{Op: "open", Path: name, Err: os.ErrPermission}
}

func TestOpenNotWritable(t *testing.T) {
	o := Options{Directory: t.TempDir(), fs: readOnlyFS{vfs.Default}}
	_, err := Open(o)
	require.ErrorContains(t, err, o.Directory)
	require.ErrorContains(t, err, "must be writable")
}

func TestOpenOtherFormat(t *testing.T) {
	s := openStore(t, Options{})
	require.NoError(t, s.db.Set(metaKey("version"), []byte{99}, nil))
	require.NoError(t, s.Close())
	_, err := Open(s.options)
	require.ErrorContains(t, err, "format 63")
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	s := openStore(t, Options{})
	writeOne(t, s, 1)
	require.NoError(t, s.Close())
	require.Eventually(t, func() bool { return goleak.Find(ignore) == nil }, time.Minute, time.Millisecond)
	var logs int64
	files, err := filepath.Glob(filepath.Join(s.options.Directory, "*.log"))
	require.NoError(t, err)
	for _, f := range files {
		info, err := os.Stat(f)
		require.NoError(t, err)
		logs += info.Size()
	}
	require.Less(t, logs, int64(4096))
}

func TestArrivalsNeverFall(t *testing.T) {
	c := &clock{time.Now()}
	s := openStore(t, c.options())
	var want int
	for i, step := range []time.Duration{0, -time.Hour, time.Minute, -24 * time.Hour} {
		c.now = c.now.Add(step)
		writeOne(t, s, byte(i+1))
		want++
		if i == 1 {
			s = reopen(t, s)
		}
	}
	last := time.Time{}
	require.NoError(t, s.Arrived(t.Context(), time.Time{}, func(at time.Time, _ ptrace.Traces) error {
		require.False(t, at.Before(last))
		last = at
		want--
		return nil
	}))
	require.Zero(t, want)
}

func TestNamesAreBounded(t *testing.T) {
	s := openStore(t, Options{MaxNames: 2})
	for i := range 5 {
		td := oneSpan(byte(i), byte(i))
		td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SetName(string(rune('a' + i)))
		_, err := s.WriteSpans(t.Context(), td)
		require.NoError(t, err)
	}
	require.Len(t, s.names.seen, 2)
	require.EqualValues(t, 3, s.Stats().NamesRefused)
}

// TestLongNamesAreBounded: the names' memory is bounded, also after a restart,
// and is there again once they are forgotten.
func TestLongNamesAreBounded(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	o := c.options()
	o.MaxNames = 100
	s := openStore(t, o)
	write := func(trace byte) {
		td := oneSpan(trace, trace)
		td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SetName(strings.Repeat(string(rune('a'+trace)), 10_000))
		_, err := s.WriteSpans(t.Context(), td)
		require.NoError(t, err)
	}
	for i := range byte(3) {
		write(i + 1)
	}
	require.Len(t, s.names.seen, 2)
	require.EqualValues(t, 1, s.Stats().NamesRefused)
	s = reopen(t, s)
	write(4)
	require.Len(t, s.names.seen, 2)
	c.now = c.now.Add(200 * time.Hour)
	require.NoError(t, s.dropOldNames(c.now))
	write(5)
	require.Len(t, s.names.seen, 1)
}

// TestHourOfItsOwn has a segment that begins a new hour: the chunk that it
// closes must not claim it, or a restart would lose it.
func TestHourOfItsOwn(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 59, 0, 0, time.UTC)}
	s := openStore(t, c.options())
	writeOne(t, s, 1)
	c.now = c.now.Add(time.Hour)
	writeOne(t, s, 2)
	s.indexFull(t.Context())
	require.Equal(t, 1, s.Stats().Chunks)
	requireTraces(t, reopen(t, s), 1, 2)
}
