package pebble

import (
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// TestFullDisk has a medium with less room than the store leaves alone: writes
// say so, reads go on, and writes go on once there is room.
func TestFullDisk(t *testing.T) {
	fs := vfs.NewMem()
	s := openStore(t, Options{Directory: "store", fs: fs})
	writeOne(t, s, 1)
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 20, TotalBytes: 1 << 30})
	_, err := s.WriteSpans(t.Context(), oneSpan(2, 1))
	require.ErrorIs(t, err, storage.ErrFull)
	require.ErrorContains(t, err, "1 MiB are left")
	require.ErrorIs(t, s.WriteCells(t.Context(), []callgraph.Cell{{}}), storage.ErrFull)
	require.ErrorIs(t, s.SaveCheckpoint(t.Context(), callgraph.Writer{}, time.Now()), storage.ErrFull)
	_, err = s.WriteInterval(t.Context(), callgraph.Interval{Instance: "x", Number: 1})
	require.ErrorIs(t, err, storage.ErrFull)
	require.EqualValues(t, 4, s.Stats().Full)
	_, err = s.Trace(t.Context(), oneID(1))
	require.NoError(t, err)
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 29, TotalBytes: 1 << 30})
	writeOne(t, s, 2)
}

func oneID(trace byte) pcommon.TraceID { return pcommon.TraceID{0: 1, 11: trace} }

// faults fails operations on files of a kind once it is armed.
type faults struct {
	armed  atomic.Bool
	suffix string
	err    error
}

func (f *faults) String() string { return "faults" }

// MaybeError implements errorfs.Injector.
func (f *faults) MaybeError(op errorfs.Op) error {
	if f.armed.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && strings.HasSuffix(op.Path, f.suffix) {
		return f.err
	}
	return nil
}

// TestWritesFail breaks the log of writes: the process goes on, each later
// write says why, and reads and Close do not hang.
func TestWritesFail(t *testing.T) {
	for name, fault := range map[string]error{"no room": syscall.ENOSPC, "bad disk": syscall.EIO} {
		t.Run(name, func(t *testing.T) {
			f := &faults{suffix: ".log", err: fault}
			s, err := Open(Options{Directory: "store", fs: errorfs.Wrap(vfs.NewMem(), f)})
			require.NoError(t, err)
			writeOne(t, s, 1)
			f.armed.Store(true)
			for range 3 {
				_, err = s.WriteSpans(t.Context(), oneSpan(2, 1))
				require.ErrorIs(t, err, fault)
				require.ErrorContains(t, err, "store stopped")
				require.Equal(t, errors.Is(fault, syscall.ENOSPC), errors.Is(err, storage.ErrFull))
			}
			require.ErrorIs(t, s.WriteCells(t.Context(), []callgraph.Cell{{}}), fault)
			_, err = s.WriteInterval(t.Context(), callgraph.Interval{Instance: "x", Number: 1})
			require.ErrorIs(t, err, fault)
			require.ErrorIs(t, s.Close(), fault)
			_, err = s.WriteSpans(t.Context(), oneSpan(2, 1))
			require.ErrorIs(t, err, storage.ErrClosed)
		})
	}
}

// breaking lets the store fail while it writes a table, which succeeds later.
type breaking struct {
	store atomic.Pointer[Store]
	later chan struct{}
}

func (b *breaking) String() string { return "breaking" }

// MaybeError implements errorfs.Injector.
func (b *breaking) MaybeError(op errorfs.Op) error {
	if s := b.store.Load(); s != nil && strings.HasSuffix(op.Path, ".sst") {
		s.failure.set(syscall.EIO)
		<-b.later
	}
	return nil
}

// TestFailsWhileItCloses: what still runs when Close gave up ends in peace.
func TestFailsWhileItCloses(t *testing.T) {
	b := &breaking{later: make(chan struct{})}
	s, err := Open(Options{Directory: "store", fs: errorfs.Wrap(vfs.NewMem(), b)})
	require.NoError(t, err)
	writeOne(t, s, 1)
	db := s.db
	b.store.Store(s)
	require.ErrorIs(t, s.Close(), syscall.EIO)
	close(b.later)
	closed := func() (yes bool) {
		defer func() { yes = recover() != nil }() // Pebble's way to say so
		_, _, _ = db.Get([]byte{0})
		return false
	}
	require.Eventually(t, closed, time.Minute, time.Millisecond)
}

// TestTidyingFails breaks the tables that memory is flushed to: acknowledged
// spans stay in the log, and the trouble is counted.
func TestTidyingFails(t *testing.T) {
	f := &faults{suffix: ".sst", err: syscall.EIO}
	s := openStore(t, Options{Directory: "store", fs: errorfs.Wrap(vfs.NewMem(), f)})
	f.armed.Store(true)
	writeOne(t, s, 1)
	_, err := s.db.AsyncFlush()
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.Stats().BackgroundErrors > 0 }, time.Minute, time.Millisecond)
	writeOne(t, s, 2)
	f.armed.Store(false)
	for n := range byte(2) {
		_, err := s.Trace(t.Context(), oneID(n+1))
		require.NoError(t, err)
	}
}

// TestDamagedSegment overwrites a segment: what needs it says which, what does
// not goes on, also after a restart.
func TestDamagedSegment(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} // all in one hour: in no chunk yet
	s := openStore(t, c.options())
	for n := range byte(3) {
		writeOne(t, s, n+1)
	}
	value, err := s.value(numberKey(prefixSegment, 1))
	require.NoError(t, err)
	value[len(value)-5] ^= 0xff
	require.NoError(t, s.db.Set(numberKey(prefixSegment, 1), value[:len(value)-3], nil))
	_, err = s.Trace(t.Context(), oneID(2))
	require.ErrorIs(t, err, segment.ErrCorrupt)
	require.ErrorContains(t, err, "segment 1")
	_, err = s.Search(t.Context(), storage.Query{Operation: "op", Limit: 10})
	require.ErrorIs(t, err, segment.ErrCorrupt)
	requireReadable(t, s, 1)
	s = reopen(t, s)
	requireReadable(t, s, 2)
}

func requireReadable(t *testing.T, s *Store, corrupt uint64) {
	t.Helper()
	for _, n := range []byte{1, 3} {
		_, err := s.Trace(t.Context(), oneID(n))
		require.NoError(t, err)
	}
	spans := 0
	require.NoError(t, s.Arrived(t.Context(), time.Time{}, func(_ time.Time, td ptrace.Traces) error {
		spans += td.SpanCount()
		return nil
	}))
	require.Equal(t, 2, spans)
	require.Equal(t, corrupt, s.Stats().CorruptSegments)
}
