package sdk

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// away is an exporter whose receiver is away for its first attempts.
type away struct {
	attempts, until int
	err             error
	names           []string
}

func (a *away) ExportRecords(_ context.Context, records []*Record) error {
	if a.attempts++; a.attempts <= a.until {
		return a.err
	}
	for _, r := range records {
		a.names = append(a.names, r.Name())
	}
	return nil
}

func (*away) Shutdown(context.Context) error { return nil }

func TestABatchIsTriedAgain(t *testing.T) {
	refused := status.Error(codes.InvalidArgument, "never")
	for name, c := range map[string]struct {
		away     away
		retry    time.Duration
		left     int
		attempts int
	}{
		"for a while":             {away{until: 3, err: errors.New("connection refused")}, time.Minute, 2, 4},
		"not without being asked": {away{until: 3, err: errors.New("connection refused")}, 0, 0, 1},
		"not for ever":            {away{until: 1000, err: errors.New("connection refused")}, 10 * time.Second, 0, 6},
		"not what was refused":    {away{until: 1, err: refused}, time.Minute, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := NewTracerProvider(WithRecordExporter(&c.away, Batching{Retry: c.retry}))
				for range 2 {
					_, s := p.Tracer("test").Start(t.Context(), "span")
					s.End()
				}
				time.Sleep(time.Hour)
				require.NoError(t, p.Shutdown(t.Context()))
				require.Len(t, c.away.names, c.left)
				require.InDelta(t, c.attempts, c.away.attempts, 2)
				require.EqualValues(t, 2, p.stats.sent.Load()+p.stats.sendFailed.Load())
			})
		})
	}
}

func TestShutdownDoesNotWaitForARetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := &away{until: 1000, err: errors.New("connection refused")}
		p := NewTracerProvider(WithRecordExporter(gone, Batching{Retry: time.Hour}))
		_, s := p.Tracer("test").Start(t.Context(), "span")
		s.End()
		time.Sleep(time.Minute)
		began := time.Now()
		require.NoError(t, p.Shutdown(t.Context()))
		require.Zero(t, time.Since(began))
		require.EqualValues(t, 1, p.stats.sendFailed.Load())
	})
}

// part is an error of an export that lost some spans.
type part int

func (p part) Error() string { return "some are lost" }
func (p part) Lost() int     { return int(p) }

func TestAnExporterSaysHowManySpansAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewTracerProvider(WithRecordExporter(&away{until: 1, err: fmt.Errorf("export: %w", part(2))}, Batching{}))
		for range 5 {
			_, s := p.Tracer("test").Start(t.Context(), "span")
			s.End()
		}
		require.NoError(t, p.Shutdown(t.Context()))
		require.EqualValues(t, 3, p.stats.sent.Load())
		require.EqualValues(t, 2, p.stats.sendFailed.Load())
	})
}
