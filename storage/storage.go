// Package storage is the contract between what writes and reads chains and
// edges and the backends that keep them. Every backend passes storagetest.
package storage

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Errors that callers tell apart; backends wrap them with what they were doing.
var (
	// ErrNotFound says that nothing is stored under the given ID.
	ErrNotFound = errors.New("not found")
	// ErrFull says that the medium or the backend's limit has no room; trying
	// again later may help.
	ErrFull = errors.New("store is full")
	// ErrClosed says that the backend was closed.
	ErrClosed = errors.New("store is closed")
)

// RepeatWindow is how long a store knows requests again: longer than a sender
// usually repeats one that was not acknowledged.
const RepeatWindow = 10 * time.Minute

// SpanWriter takes spans in. Implementations are safe for concurrent use.
type SpanWriter interface {
	// WriteSpans returns nil only once every span of td that Refusal lets pass
	// is durable and can be read. Writing equal spans again changes nothing
	// that a reader sees. After an error any part of td may have been written:
	// the caller writes all of it again or tells its own caller that it failed.
	// td belongs to the caller and is neither changed nor kept.
	//
	// It is repeated where an equal request (the same spans of the same content
	// in the same order) was stored by this writer within the last RepeatWindow,
	// or is by another call right now: it is durable already, nothing is written
	// again, and whoever counts must not count it. The store knows it after a
	// restart, too. A store that is short of room may know fewer requests. After
	// an error repeated is false and says nothing.
	WriteSpans(ctx context.Context, td ptrace.Traces) (repeated bool, err error)
}

// CellWriter takes edge counts in. Implementations are safe for concurrent use.
type CellWriter interface {
	// WriteCells returns nil only once the cells are durable. Cells are
	// absolute: of those with the same key the greatest Sequence holds, in
	// whatever order they arrive, so writing the same cells again changes
	// nothing.
	WriteCells(ctx context.Context, cells []callgraph.Cell) error
}

// TraceReader finds physical chains.
type TraceReader interface {
	// Trace returns all stored spans of a trace, in no order, each once (spans
	// of equal identity (trace ID, span ID, kind) and different content are
	// all returned). It fails with ErrNotFound where there is none. The answer
	// belongs to the caller.
	Trace(ctx context.Context, id pcommon.TraceID) (ptrace.Traces, error)
	// Search returns the traces with a span that meets every condition of q,
	// ordered by the start of their newest such span, newest first.
	Search(ctx context.Context, q Query) ([]Match, error)
	// ByShortID returns the traces whose short ID it is and that have a span
	// that starts in w, newest first; none is no error.
	ByShortID(ctx context.Context, id callgraph.ShortID, w callgraph.Window) ([]pcommon.TraceID, error)
}

// Query selects spans; the zero value of each condition accepts all.
type Query struct {
	// Service to look in, as calltree.ServiceOf reads it from the resource;
	// with an empty Environment or Namespace, any.
	Service   callgraph.Service
	Operation string
	// Attributes that one span must have, on itself, its scope or its
	// resource, compared in their string form (pcommon.Value.AsString).
	Attributes map[string]string
	// Failed selects spans whose status is Error.
	Failed      bool
	MinDuration time.Duration
	MaxDuration time.Duration
	// Window holds the start of the span.
	Window callgraph.Window
	// Limit of traces returned, at least 1.
	Limit int
}

// Match is a trace that a search found.
type Match struct {
	TraceID pcommon.TraceID
	Start   time.Time // of the newest span that met the query
}

// NameReader lists what there is to search for, in order of name.
type NameReader interface {
	Services(ctx context.Context) ([]callgraph.Service, error)
	// Operations of a service; with an empty Environment or Namespace, of all
	// services of that name.
	Operations(ctx context.Context, s callgraph.Service) ([]OperationName, error)
}

// OperationName is a span name of a service and the kind of its spans.
type OperationName struct {
	Name string
	Kind ptrace.SpanKind
}

// CellReader reads edge counts.
type CellReader interface {
	// Cells yields the cells whose bucket begins in w, each key once, in no
	// order, in batches that belong to the callee. It stops at yield's error
	// and returns it.
	Cells(ctx context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error
	// Changes yields every cell written after the cursor was made, and perhaps
	// some again, and returns a cursor for the next call. The zero cursor, and
	// one that the backend no longer knows, yield all cells as Cells does: each
	// key once, and in the place of old cells the sums that they were rolled up
	// to, in wider buckets. That this happened is not told. Who holds cells
	// drops them before it passes the zero cursor; to any other it expects wide
	// cells among those yielded, and must not add them to the narrower ones that
	// it holds, but read their time again by Cells. To be rolled up is no change.
	Changes(ctx context.Context, after Cursor, yield func([]callgraph.Cell) error) (Cursor, error)
}

// Cursor is a backend's mark in its sequence of writes; opaque.
type Cursor string

// SpanLog reads spans back in the order in which they came, to count again
// what a crash left open.
type SpanLog interface {
	// Arrived yields the stored spans that arrived at or after since, by
	// rising time of arrival. It stops at yield's error and returns it.
	Arrived(ctx context.Context, since time.Time, yield func(arrival time.Time, td ptrace.Traces) error) error
}

// Checkpoints keeps how far a writer's counts are final.
type Checkpoints interface {
	// WriterID is kept in the store: the same after each restart.
	WriterID() uint64
	// Checkpoint returns the time of arrival before which all of the writer's
	// cells are final; the zero time where none was saved.
	Checkpoint(ctx context.Context, w callgraph.Writer) (time.Time, error)
	// SaveCheckpoint returns nil only once the time is durable. The caller has
	// written all final cells before.
	SaveCheckpoint(ctx context.Context, w callgraph.Writer, arrival time.Time) error
}

// Backend is a store.
type Backend interface {
	SpanWriter
	CellWriter
	IntervalWriter
	TraceReader
	NameReader
	CellReader
	SpanLog
	Checkpoints
	KeyWriter
	KeyReader
	EvidenceWriter
	EvidenceReader
	Eraser
	// Close makes everything durable that is not yet, and frees the store. It
	// is safe to call twice.
	Close() error
}

// Backends finds stores by the names that the configuration gave them. The
// storage extension is one.
type Backends interface {
	// Backend fails for an unknown name with an error that lists the known
	// ones. The caller does not close what it gets.
	Backend(name string) (Backend, error)
}

// Reasons of a Refusal.
const (
	RefusedTraceID = "zero_trace_id"
	RefusedSpanID  = "zero_span_id"
)

// Refusal says why a span can't be stored, or is empty where it can. Writers
// leave refused spans out; the adapters count them by this reason.
func Refusal(s ptrace.Span) string {
	switch {
	case s.TraceID().IsEmpty():
		return RefusedTraceID
	case s.SpanID().IsEmpty():
		return RefusedSpanID
	}
	return ""
}
