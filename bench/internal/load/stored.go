package load

import (
	"context"
	"fmt"
	"time"

	"github.com/zeebo/xxh3"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/storage"
)

// Stored is which spans a store holds.
type Stored struct {
	spans map[uint64]struct{} // hashes of trace and span ID
	// Rows is how many spans were read, Stored spans that were written twice
	// included.
	Rows int
}

// ReadStored reads all spans of a store.
func ReadStored(ctx context.Context, log storage.SpanLog) (Stored, error) {
	s := Stored{spans: map[uint64]struct{}{}}
	err := log.Arrived(ctx, time.Time{}, func(_ time.Time, td ptrace.Traces) error {
		for _, span := range spans(td) {
			s.spans[hash(span.TraceID(), span.SpanID())] = struct{}{}
			s.Rows++
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("read stored spans: %w", err)
	}
	return s, nil
}

func hash(trace [16]byte, span [8]byte) uint64 {
	return xxh3.Hash(append(trace[:], span[:]...))
}

// Missing is how many of the acknowledged spans are not stored.
func (r Recording) Missing(o Outcome, s Stored) (missing int) {
	for _, sent := range o.Acknowledged {
		for trace, span := range r.Templates[sent.Template].Identities(o.Variants[sent.Variant]) {
			if _, found := s.spans[hash(trace, span)]; !found {
				missing++
			}
		}
	}
	return missing
}
