package stocksampler

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sync"

	"go.opentelemetry.io/otel/trace"
)

// ids are the same in every run.
type ids struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func (i *ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	i.mu.Lock()
	var id trace.TraceID
	binary.BigEndian.PutUint64(id[:], i.rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], i.rand.Uint64())
	i.mu.Unlock()
	return id, i.NewSpanID(ctx, id)
}

func (i *ids) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	i.mu.Lock()
	defer i.mu.Unlock()
	binary.BigEndian.PutUint64(id[:], i.rand.Uint64()|1)
	return id
}
