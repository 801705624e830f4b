package storage

import (
	"context"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// EvidenceWriter takes in what was seen at call sites. Implementations are
// safe for concurrent use; records of one key come one after the other.
type EvidenceWriter interface {
	// WriteEvidence returns nil only once the records are durable. They are
	// absolute: the last written one of a key holds. They are kept as long as
	// edges' cells are, from their day.
	WriteEvidence(ctx context.Context, records []strength.Record) error
}

// EvidenceReader reads what was seen at call sites.
type EvidenceReader interface {
	// Evidence yields the records that q selects, each key once, in no order, in
	// batches that belong to the callee. It stops at yield's error and returns it.
	Evidence(ctx context.Context, q EvidenceQuery, yield func([]strength.Record) error) error
}

// EvidenceQuery selects records.
type EvidenceQuery struct {
	FromDay, ToDay int64                // both included
	Sites          []callgraph.StaticID // nil: all
	Writer         uint64               // 0: all
}
