package pebble

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/chunk"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

const (
	// chunkSpans and chunkSegments are when a chunk is full.
	chunkSpans    = 1 << 16
	chunkSegments = 1 << 14
	// maxUnindexed is how many full chunks may wait for their indexes: they
	// take a few MiB each.
	maxUnindexed = 8
)

// entry is a segment that no chunk on disk has yet.
type entry struct {
	number  uint64
	arrival int64 // Unix nanoseconds
	bytes   int
	index   *segment.Index
}

// sealed is a chunk that is full and whose indexes are yet to be written.
type sealed struct {
	low      uint64
	segments []*entry
}

// chunkInfo is what is kept in memory of a chunk on disk.
type chunkInfo struct {
	number                    uint64
	low, first                uint64 // see chunk.Directory; the least number of its segments
	firstArrival, lastArrival int64
	oldest, newest            int64 // starts of spans
	spans, bytes              uint64
}

// ledger knows which segments there are: being written, in the tail, in full
// chunks, and in chunks on disk. Its slices are never changed in place, so
// that readers look at what they got without a lock.
type ledger struct {
	mu        sync.Mutex
	next      uint64 // number of the next segment
	last      int64  // arrival of the last
	flying    map[uint64]struct{}
	tail      []*entry
	tailSpans int
	full      []*sealed
	chunks    []*chunkInfo
	nextChunk uint64
	trouble   error         // why the last full chunk was not indexed
	wake      chan struct{} // tells the indexer of a full chunk
}

func newLedger() *ledger {
	return &ledger{flying: map[uint64]struct{}{}, wake: make(chan struct{}, 1)}
}

// begin numbers a segment. Arrivals never fall, whatever the clock does.
func (l *ledger) begin(now time.Time) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{number: l.next, arrival: max(now.UnixNano(), l.last)}
	l.next++
	l.last = e.arrival
	l.flying[e.number] = struct{}{}
	return e
}

// resume is begin for a segment that was found on disk.
func (l *ledger) resume(number uint64, arrival int64) *entry {
	l.next = number + 1
	l.last = max(l.last, arrival)
	l.flying[number] = struct{}{}
	return &entry{number: number, arrival: arrival}
}

func (l *ledger) abort(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.flying, e.number)
}

// publish lets readers find a segment that is durable.
func (l *ledger) publish(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tail) > 0 && hourOf(l.tail[0].arrival) != hourOf(e.arrival) {
		l.seal()
	}
	// Only now, or the chunk just sealed would claim to have this segment.
	delete(l.flying, e.number)
	l.tail = append(l.tail, e)
	l.tailSpans += len(e.index.Spans)
	if l.tailSpans >= chunkSpans || len(l.tail) >= chunkSegments {
		l.seal()
	}
}

func hourOf(arrival int64) int64 { return arrival / int64(time.Hour) }

// seal makes a full chunk of the tail; the lock is held.
func (l *ledger) seal() {
	low := l.next
	for n := range l.flying {
		low = min(low, n)
	}
	l.full = append(slices.Clip(l.full), &sealed{low: low, segments: l.tail})
	l.tail, l.tailSpans = nil, 0
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// sealBefore seals a tail that began to arrive before a time.
func (l *ledger) sealBefore(arrival int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tail) > 0 && l.tail[0].arrival < arrival {
		l.seal()
	}
}

// ready fails when indexes can't be written: memory must not fill up instead.
func (l *ledger) ready() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.full) < maxUnindexed {
		return nil
	}
	if l.trouble == nil {
		return fmt.Errorf("%w: %d indexes wait to be written", storage.ErrFull, len(l.full))
	}
	return fmt.Errorf("%w: indexes can't be written: %w", storage.ErrFull, l.trouble)
}

// oldestFull is the next chunk to index, nil when there is none, and the
// number that it gets.
func (l *ledger) oldestFull() (*sealed, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.full) == 0 {
		return nil, 0
	}
	return l.full[0], l.nextChunk
}

// indexed replaces the oldest full chunk by the chunk on disk, or keeps it
// where err says why it could not be written.
func (l *ledger) indexed(c *chunkInfo, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trouble = err; err != nil {
		return
	}
	l.full = slices.Clone(l.full[1:])
	l.chunks = append(slices.Clip(l.chunks), c)
	l.nextChunk = c.number + 1
}

// drop forgets the oldest chunks.
func (l *ledger) drop(chunks int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.chunks = slices.Clone(l.chunks[chunks:])
}

// view is what a reader sees of the ledger.
type view struct {
	chunks []*chunkInfo // by rising number
	tail   []*entry     // all segments that no chunk on disk has
}

func (l *ledger) view() view {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := view{chunks: l.chunks}
	for _, f := range l.full {
		v.tail = append(v.tail, f.segments...)
	}
	v.tail = append(v.tail, l.tail...)
	return v
}

// infoOf is what is kept in memory of a directory.
func infoOf(number uint64, d *chunk.Directory) *chunkInfo {
	c := &chunkInfo{
		number: number, low: d.Low, first: d.Low, firstArrival: d.FirstArrival, lastArrival: d.LastArrival,
		oldest: 1<<63 - 1, newest: -1 << 63, spans: d.Spans, bytes: d.Bytes,
	}
	for _, s := range d.Segments {
		c.first = min(c.first, s.Number)
		c.oldest, c.newest = min(c.oldest, s.Oldest), max(c.newest, s.Newest)
	}
	return c
}
