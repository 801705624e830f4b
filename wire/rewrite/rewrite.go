// Package rewrite decides which born-short trace ID stands for a foreign one, for as
// long as it remembers the trace. The new ID keeps the foreign one's short ID
// (docs/spec/identifiers.md), so that who looks for that finds both; the rest of the
// foreign ID is known for as long as the trace is.
package rewrite

import (
	"sync"

	"github.com/jcallgraph/jcallgraph/wire"
)

// DefaultTraces is how many traces a Table remembers unless told otherwise.
const DefaultTraces = 1 << 16

// Table remembers the traces that were seen last. It is safe for concurrent use.
type Table struct {
	mu    sync.Mutex
	max   int
	known map[[16]byte]*entry   // by foreign ID
	taken map[[16]byte]struct{} // the IDs that stand for them
	root  entry                 // of the ring: next is the trace seen last
	stats Stats
}

// Stats counts traces.
type Stats struct {
	Rewritten  uint64 // that were given an ID
	Forgotten  uint64 // that made room for others: their later spans get another ID
	Collisions uint64 // whose first ID stood for another trace already
	Known      int    // now
}

// NewTable remembers as many traces as given, DefaultTraces where that is 0.
func NewTable(traces int) *Table {
	if traces <= 0 {
		traces = DefaultTraces
	}
	t := &Table{max: traces, known: map[[16]byte]*entry{}, taken: map[[16]byte]struct{}{}}
	t.root.next, t.root.previous = &t.root, &t.root
	return t
}

// Stats are the counts so far.
func (t *Table) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.stats
	s.Known = len(t.known)
	return s
}

// Source is the source with the IDs that stand for foreign ones. However often it
// is read, and when it is sent again while the table knows its traces, the IDs
// are the same.
func (t *Table) Source(of wire.Source) wire.Source {
	s := &source{Source: of, table: t, entries: make([]*entry, of.Len())}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range s.entries {
		id, start, _ := of.Place(i)
		s.entries[i] = t.find(id, start)
	}
	return s
}

// source holds on to its entries: the table may have forgotten them when they
// are read.
type source struct {
	wire.Source
	table   *Table
	entries []*entry              // by span; nil: the ID stays
	linked  map[[16]byte][16]byte // IDs of links, once read
}

// Place implements wire.Source.
func (s *source) Place(i int) (traceID [16]byte, start, end uint64) {
	traceID, start, end = s.Source.Place(i)
	if e := s.entries[i]; e != nil {
		traceID = e.short
	}
	return traceID, start, end
}

// Span implements wire.Source.
func (s *source) Span(i int, into *wire.SourceSpan) {
	s.Source.Span(i, into)
	if e := s.entries[i]; e != nil {
		into.TraceID = e.short
	}
	for p := range into.Parts {
		if link := &into.Parts[p]; link.Class == wire.ClassLink {
			link.TraceID = s.link(link.TraceID, into.Start)
		}
	}
}

func (s *source) link(id [16]byte, start uint64) [16]byte {
	if to, ok := s.linked[id]; ok {
		return to
	}
	to := id
	if e := s.table.of(id, start); e != nil {
		to = e.short
	}
	if s.linked == nil {
		s.linked = map[[16]byte][16]byte{}
	}
	s.linked[id] = to
	return to
}
