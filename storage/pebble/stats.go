package pebble

import (
	"sync/atomic"
	"time"
)

type counter = atomic.Uint64

// counters are what Stats tells.
type counters struct {
	spans, segments, bytes      counter
	commits, commitNanoseconds  counter
	slowest                     atomic.Int64
	dropped, droppedCells       counter
	staleCells                  counter
	intervals, intervalCells    counter
	repeatedIntervals           counter
	droppedMarks                counter
	sightings, droppedSightings counter
	keysRefused                 counter
	evidence, droppedEvidence   counter
	namesRefused, full, corrupt counter
	backgroundErrors            counter
	rebuild                     atomic.Int64
}

func (c *counters) wrote(e *entry, took time.Duration) {
	c.spans.Add(uint64(len(e.index.Spans)))
	c.segments.Add(1)
	c.bytes.Add(uint64(e.bytes))
	c.commits.Add(1)
	c.commitNanoseconds.Add(uint64(took))
	for {
		slowest := c.slowest.Load()
		if int64(took) <= slowest || c.slowest.CompareAndSwap(slowest, int64(took)) {
			return
		}
	}
}

// Stats says how the store is doing. Counts are since it was opened.
type Stats struct {
	Spans, Segments, SegmentBytes uint64        // written
	Commits                       uint64        // of spans
	CommitTime                    time.Duration // of all commits of spans together, encoding included
	SlowestCommit                 time.Duration
	DiskBytes                     uint64 // now
	Chunks                        int    // on disk
	TailSpans                     int    // whose index is in memory only
	RepeatedRequests              uint64 // that were stored before and not written again
	ForgottenRequests             uint64 // that would not be known again, for want of room in memory
	DroppedSpans, DroppedCells    uint64 // by retention
	StaleCells                    uint64 // written with a sequence that was not greater
	Intervals, IntervalCells      uint64 // of SDKs, written
	RepeatedIntervals             uint64 // that were written before
	DroppedMarks                  uint64 // of instances that were not heard of any more
	Sightings                     uint64 // of business keys, written
	DroppedSightings              uint64 // by retention
	KeysRefused                   uint64 // beyond what a trace may carry, each time
	Evidence, DroppedEvidence     uint64 // records written, and dropped by retention
	NamesRefused                  uint64 // operations that the list had no room for, each time
	Full                          uint64 // writes refused for want of room
	CorruptSegments               uint64 // that could not be read
	BackgroundErrors              uint64
	Rebuild                       time.Duration // of the indexes that were not on disk when the store was opened
}

// Stats of the store; zero once it was closed.
func (s *Store) Stats() Stats {
	if s.gate.enter() != nil {
		return Stats{}
	}
	defer s.gate.leave()
	c := &s.stats
	chunks, tail := s.ledger.sizes()
	repeated, forgotten := s.requests.counts()
	return Stats{
		Spans: c.spans.Load(), Segments: c.segments.Load(), SegmentBytes: c.bytes.Load(),
		Commits: c.commits.Load(), CommitTime: time.Duration(c.commitNanoseconds.Load()), SlowestCommit: time.Duration(c.slowest.Load()),
		DiskBytes: s.db.Metrics().DiskSpaceUsage(), Chunks: chunks, TailSpans: tail,
		DroppedSpans: c.dropped.Load(), DroppedCells: c.droppedCells.Load(), StaleCells: c.staleCells.Load(),
		Intervals: c.intervals.Load(), IntervalCells: c.intervalCells.Load(), RepeatedIntervals: c.repeatedIntervals.Load(), DroppedMarks: c.droppedMarks.Load(),
		Sightings: c.sightings.Load(), DroppedSightings: c.droppedSightings.Load(), KeysRefused: c.keysRefused.Load(),
		Evidence: c.evidence.Load(), DroppedEvidence: c.droppedEvidence.Load(),
		RepeatedRequests: repeated, ForgottenRequests: forgotten,
		NamesRefused: c.namesRefused.Load(), Full: c.full.Load(), CorruptSegments: c.corrupt.Load(),
		BackgroundErrors: c.backgroundErrors.Load(), Rebuild: time.Duration(c.rebuild.Load()),
	}
}

func (l *ledger) sizes() (chunks, tailSpans int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tailSpans = l.tailSpans
	for _, f := range l.full {
		for _, e := range f.segments {
			tailSpans += len(e.index.Spans)
		}
	}
	return len(l.chunks), tailSpans
}
