package pebble

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/chunk"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// Store is a storage.Backend in a folder.
type Store struct {
	options  Options
	db       *pebble.DB
	lock     *pebble.Lock
	failure  *failure
	files    *files
	segments *segment.Decoder
	chunks   *chunk.Decoder
	writer   uint64

	gate      gate
	group     group
	encoders  encoders
	ledger    *ledger
	requests  *requests
	names     *names
	cells     *cells
	intervals queue[*intervalWrite]
	sightings sightings
	stats     counters

	tidied   atomic.Int64  // hour in which old cells and names were last dropped
	dropped  chan struct{} // chunks were dropped whose space is to be freed
	indexing sync.Mutex    // held while a chunk is indexed
	dropping sync.Mutex    // held while chunks are chosen and dropped
	erasing  sync.Mutex    // held while something is erased, until its old bytes are gone

	background context.CancelFunc
	behind     sync.WaitGroup
	close      sync.Once
	closed     error
	settled    bool // db is closed, or was left alone: what guard left behind may still use it
}

var _ storage.Backend = (*Store)(nil)

// Open opens the store in a folder, or makes one. It fails when another
// process has it open.
func Open(o Options) (*Store, error) {
	o = o.withDefaults()
	if o.Directory == "" {
		return nil, errors.New("open store: no directory given")
	}
	s := &Store{options: o, failure: newFailure(o.Directory, o.Logger), files: &files{FS: o.fs}, dropped: make(chan struct{}, 1)}
	if err := s.open(); err != nil {
		s.release()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.background = cancel
	s.behind.Go(func() { s.index(ctx) })
	s.behind.Go(func() { s.maintainEvery(ctx, o.maintenance) })
	return s, nil
}

func (s *Store) open() error {
	if err := s.openPebble(); err != nil {
		return err
	}
	var err error
	if s.segments, err = segment.NewDecoder(runtime.GOMAXPROCS(0)); err != nil {
		return err
	}
	if s.chunks, err = chunk.NewDecoder(runtime.GOMAXPROCS(0)); err != nil {
		return err
	}
	s.group.init()
	for _, load := range []func() error{s.loadMeta, s.loadLedger, s.loadRequests, s.loadNames, s.loadCells} {
		if err := load(); err != nil {
			return fmt.Errorf("open store %s: %w", s.options.Directory, err)
		}
	}
	return nil
}

func (s *Store) openPebble() error {
	o := s.options
	if err := o.fs.MkdirAll(o.Directory, 0o755); err != nil {
		return openError(o.Directory, err)
	}
	var err error
	if s.lock, err = pebble.LockDirectory(o.Directory, o.fs); err != nil {
		return openError(o.Directory, err)
	}
	if s.db, err = s.start(memTable); err != nil {
		return openError(o.Directory, err)
	}
	return nil
}

// start runs Pebble's Open on a goroutine that may end early.
func (s *Store) start(memTable uint64) (db *pebble.DB, err error) {
	err = s.guard(func() error {
		opened, err := pebble.Open(s.options.Directory, s.pebbleOptions(memTable))
		db = opened
		return err
	})
	return db, err
}

// openError says what to do about the error.
func openError(directory string, err error) error {
	advice := ""
	switch {
	case errors.Is(err, os.ErrPermission):
		advice = " (the folder must be writable: change its owner or choose another directory)"
	case isNotDirectory(err):
		advice = " (a file is in the way: choose another directory)"
	case isLocked(err):
		advice = " (another process has it open: stop that or choose another directory)"
	}
	return fmt.Errorf("open store %s%s: %w", directory, advice, full(err))
}

// Sizes that keep a store's memory small.
const (
	memTable  = 16 << 20
	blockSize = 32 << 10
	cacheSize = 48 << 20 // of which Pebble sets aside what its memory tables take
	fileSize  = 16 << 20

	// manifestSize is small so that the list of tables is written anew when there
	// were as many changes as tables: it names keys, also erased ones.
	manifestSize = 4 << 10
)

func (s *Store) pebbleOptions(memTable uint64) *pebble.Options {
	o := &pebble.Options{
		FS:                          s.files,
		Lock:                        s.lock,
		Logger:                      s.failure,
		FormatMajorVersion:          pebble.FormatNewest,
		CacheSize:                   cacheSize,
		MemTableSize:                memTable,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       8,
		L0StopWritesThreshold:       40,
		LBaseMaxBytes:               128 << 20,
		BytesPerSync:                1 << 20,
		MaxOpenFiles:                500,
		MaxManifestFileSize:         manifestSize,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
		EventListener:               &pebble.EventListener{BackgroundError: s.backgroundError},
	}
	o.TargetFileSizes[0] = fileSize
	for i := range o.Levels {
		o.Levels[i].BlockSize = blockSize
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.SnappyCompression }
	}
	return o
}

// backgroundError is called when a flush or compaction failed, which Pebble
// will try again.
func (s *Store) backgroundError(err error) {
	s.stats.backgroundErrors.Add(1)
	s.options.Logger.Warn("store can't tidy up", "directory", s.options.Directory, "error", err)
}

// guard runs f on a goroutine of its own, which Pebble may end: see failure.
func (s *Store) guard(f func() error) error {
	done := make(chan error, 1)
	go func() {
		finished := false
		defer func() {
			if !finished {
				done <- s.failure.now()
			}
		}()
		err := f()
		finished = true
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-s.failure.broken:
		return s.failure.now()
	}
}

// commit writes a batch durably. The batch is the store's from here on.
func (s *Store) commit(b *pebble.Batch) error { return s.apply(b, pebble.Sync) }

func (s *Store) apply(b *pebble.Batch, o *pebble.WriteOptions) error {
	if err := s.writable(); err != nil {
		return err
	}
	return s.guard(func() error {
		if err := s.db.Apply(b, o); err != nil {
			return full(err)
		}
		return b.Close()
	})
}

// writable fails once the store is broken or the medium has no room: Pebble
// must not meet a full disk, it could not go on.
func (s *Store) writable() error {
	if err := s.failure.now(); err != nil {
		return err
	}
	usage, err := s.files.GetDiskUsage(s.options.Directory)
	if errors.Is(err, vfs.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask for the room of store %s: %w", s.options.Directory, err)
	}
	if usage.AvailBytes < uint64(s.options.MinFree) {
		s.stats.full.Add(1)
		return fmt.Errorf("write to store %s: %w: %d MiB are left on its disk, %d MiB must stay free",
			s.options.Directory, storage.ErrFull, usage.AvailBytes>>20, s.options.MinFree>>20)
	}
	return nil
}

// Close makes the store small and frees its folder.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.gate.close()
		s.background()
		s.behind.Wait()
		s.closed = s.settle()
		s.release()
	})
	return s.closed
}

// settle flushes, so that the log of writes, which may take as much as the
// memory tables, is not left behind: opening once more removes it.
func (s *Store) settle() error {
	if err := s.failure.now(); err != nil {
		return err
	}
	s.settled = true
	err := s.guard(func() error {
		if err := s.db.Flush(); err != nil {
			return err
		}
		return s.db.Close()
	})
	if err != nil {
		return fmt.Errorf("close store %s: %w", s.options.Directory, full(err))
	}
	return s.removeLogs()
}

func (s *Store) removeLogs() error {
	db, err := s.start(256 << 10)
	if err == nil {
		err = s.guard(db.Close)
	}
	if err != nil {
		return fmt.Errorf("close store %s: %w", s.options.Directory, full(err))
	}
	return nil
}

// release frees what Open took. A broken Pebble is left alone: it would wait
// for goroutines that have ended.
func (s *Store) release() {
	if s.db != nil && !s.settled && s.failure.now() == nil {
		_ = s.guard(s.db.Close)
	}
	if s.lock != nil {
		_ = s.lock.Close()
	}
	if s.segments != nil {
		s.segments.Close()
	}
	if s.chunks != nil {
		s.chunks.Close()
	}
}
