package storagetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func concurrencyCases() []contractCase {
	return []contractCase{
		{"concurrent/writers of spans", concurrentSpans},
		{"concurrent/writers of cells", concurrentCells},
		{"concurrent/a cancelled write may fail, no other does", concurrentCancel},
	}
}

const (
	concurrentWriters = 16
	requestsPerWriter = 25
	readsWhileWriting = 10
)

// inParallel runs one function for each writer and fails with their first error.
func inParallel(t *testing.T, run func(writer int) error) {
	t.Helper()
	var all sync.WaitGroup
	failures := make(chan error, concurrentWriters)
	for w := range concurrentWriters {
		all.Go(func() {
			if err := run(w); err != nil {
				failures <- fmt.Errorf("writer %d: %w", w, err)
			}
		})
	}
	all.Wait()
	close(failures)
	for err := range failures {
		require.NoError(t, err)
	}
}

// concurrentSpans lets every writer add to the same traces, and reads meanwhile:
// what was acknowledged is found by its writer at once.
func concurrentSpans(t *testing.T, s *subject) {
	from := s.base
	inParallel(t, func(w int) error {
		for r := range requestsPerWriter {
			if _, err := s.WriteSpans(t.Context(), traces(from, concurrentSpan(w, r))); err != nil {
				return err
			}
			if r%readsWhileWriting == 0 {
				if err := s.finds(t.Context(), concurrentSpan(w, r)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for r := range requestsPerWriter {
		want := ptrace.NewTraces()
		for w := range concurrentWriters {
			concurrentSpan(w, r).appendTo(want, from)
		}
		requireSame(t, want, readTrace(t, s, r+1))
	}
}

func concurrentSpan(writer, request int) span {
	return span{
		trace: request + 1, id: writer + 1, service: "web", name: "op", at: time.Duration(request),
		attributes: map[string]any{"writer": int64(writer), "request": int64(request)},
	}
}

func (s *subject) finds(ctx context.Context, want span) error {
	q := storage.Query{Limit: 10, Attributes: map[string]string{}}
	for k, v := range want.attributes {
		q.Attributes[k] = fmt.Sprint(v)
	}
	found, err := s.Search(ctx, q)
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("search %v found %d traces", q.Attributes, len(found))
	}
	return err
}

func concurrentCells(t *testing.T, s *subject) {
	at := s.base
	inParallel(t, func(w int) error {
		for r := range requestsPerWriter {
			own, shared := cell(w+1, at, uint64(r+1)), cell(0, at, uint64(r*concurrentWriters+w+1))
			if err := s.WriteCells(t.Context(), []callgraph.Cell{own, shared}); err != nil {
				return err
			}
		}
		return nil
	})
	want := []callgraph.Cell{cell(0, at, concurrentWriters*requestsPerWriter)}
	for w := range concurrentWriters {
		want = append(want, cell(w+1, at, requestsPerWriter))
	}
	requireCells(t, want, readCells(t, s, everywhen()))
}

// concurrentCancel cancels every other writer's context before it writes.
func concurrentCancel(t *testing.T, s *subject) {
	from := s.base
	inParallel(t, func(w int) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if w%2 == 1 {
			cancel()
			_, _ = s.WriteSpans(ctx, traces(from, span{trace: 2, id: w + 1}))
			return nil
		}
		_, err := s.WriteSpans(ctx, traces(from, span{trace: 1, id: w + 1}))
		return err
	})
	var want []span
	for w := 0; w < concurrentWriters; w += 2 {
		want = append(want, span{trace: 1, id: w + 1})
	}
	requireSame(t, traces(from, want...), readTrace(t, s, 1))
}
