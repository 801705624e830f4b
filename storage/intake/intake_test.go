package intake

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
	"github.com/jcallgraph/jcallgraph/storage"
)

// backend answers every write with err.
type backend struct {
	err      error
	repeated bool
	writes   int
}

func (b *backend) WriteSpans(context.Context, ptrace.Traces) (bool, error) {
	b.writes++
	return b.repeated, b.err
}

func (b *backend) WriteCells(context.Context, []callgraph.Cell) error {
	b.writes++
	return b.err
}

func (b *backend) WriteInterval(context.Context, callgraph.Interval) (bool, error) {
	b.writes++
	return b.repeated, b.err
}

// open is an intake with what it counts and tells.
func open(t *testing.T, b *backend) (*Intake, *sdk.ManualReader, *observer.ObservedLogs) {
	t.Helper()
	reader := sdk.NewManualReader()
	core, logs := observer.New(zap.WarnLevel)
	i, err := New(b, sdk.NewMeterProvider(sdk.WithReader(reader)), zap.New(core))
	require.NoError(t, err)
	return i, reader, logs
}

// counted are the values of a counter by reason, but those that are 0.
func counted(t *testing.T, r *sdk.ManualReader, name string) map[string]int64 {
	t.Helper()
	var rm metricdata.ResourceMetrics
	require.NoError(t, r.Collect(t.Context(), &rm))
	values := map[string]int64{}
	for _, sm := range rm.ScopeMetrics {
		for _, m := range sm.Metrics {
			if m.Name != name {
				continue
			}
			for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
				reason, _ := p.Attributes.Value(ownmetric.KeyReason)
				if p.Value > 0 {
					values[reason.AsString()] = p.Value
				}
			}
		}
	}
	return values
}

// spans has one good span, two without a trace ID, and one without a span ID.
func spans() ptrace.Traces {
	td := ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, id := range []struct{ trace, span byte }{{1, 1}, {0, 1}, {0, 2}, {1, 0}} {
		s := list.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{id.trace})
		s.SetSpanID(pcommon.SpanID{id.span})
	}
	return td
}

func TestRefusedSpansAreCountedByReasonAndToldNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, reader, logs := open(t, &backend{})
		for range 3 {
			repeated, err := i.WriteSpans(t.Context(), spans())
			require.NoError(t, err)
			require.False(t, repeated)
		}
		require.Equal(t, map[string]int64{"zero_trace_id": 6, "zero_span_id": 3}, counted(t, reader, metricSpans))
		require.Equal(t, 1, logs.FilterMessage("spans refused that no backend can keep").Len())
	})
}

func TestNoticeIsGivenAtMostEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n notice
		_, now := n.add(2)
		require.True(t, now)
		time.Sleep(noticeEvery - time.Nanosecond)
		_, now = n.add(3)
		require.False(t, now)
		time.Sleep(time.Nanosecond)
		total, now := n.add(4)
		require.True(t, now)
		require.EqualValues(t, 9, total)
	})
}

func TestFailedWritesAreCountedByCause(t *testing.T) {
	for want, cause := range map[string]error{
		"full":    fmt.Errorf("write: %w", storage.ErrFull),
		"closed":  storage.ErrClosed,
		"timeout": context.DeadlineExceeded,
		"error":   errors.New("disk on fire"),
	} {
		b := &backend{err: cause}
		i, reader, _ := open(t, b)
		_, err := i.WriteSpans(t.Context(), spans())
		require.ErrorIs(t, err, cause)
		require.ErrorIs(t, i.WriteCells(t.Context(), nil), cause)
		require.Equal(t, 2, b.writes)
		require.Equal(t, map[string]int64{want: 2}, counted(t, reader, metricWrites))
		require.Empty(t, counted(t, reader, metricSpans), "spans of a write that failed will be written again")
	}
}

func TestRepeatedWritesAreCountedAndNothingElse(t *testing.T) {
	i, reader, _ := open(t, &backend{repeated: true})
	for range 2 {
		repeated, err := i.WriteSpans(t.Context(), spans())
		require.NoError(t, err)
		require.True(t, repeated)
	}
	require.Equal(t, map[string]int64{"": 2}, counted(t, reader, metricRepeats))
	require.Empty(t, counted(t, reader, metricSpans), "counted when they were stored")
}

func TestIntervalsAreCountedByWhatBecameOfThem(t *testing.T) {
	for name, c := range map[string]struct {
		backend backend
		metric  string
		values  map[string]int64
	}{
		"repeated":  {backend{repeated: true}, metricRepeats, map[string]int64{"": 1}},
		"forgotten": {backend{err: fmt.Errorf("write: %w", storage.ErrForgotten)}, metricForgot, map[string]int64{"": 1}},
		"full":      {backend{err: storage.ErrFull}, metricWrites, map[string]int64{"full": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			i, reader, _ := open(t, &c.backend)
			repeated, err := i.WriteInterval(t.Context(), callgraph.Interval{})
			require.ErrorIs(t, err, c.backend.err)
			require.Equal(t, c.backend.repeated, repeated)
			for _, metric := range []string{metricRepeats, metricForgot, metricWrites} {
				if metric == c.metric {
					require.Equal(t, c.values, counted(t, reader, metric))
				} else {
					require.Empty(t, counted(t, reader, metric))
				}
			}
		})
	}
}

func TestOtherMetricsAreCountedAndToldNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, reader, logs := open(t, &backend{})
		i.Ignore(t.Context(), 0, "")
		require.Zero(t, logs.Len())
		for range 3 {
			i.Ignore(t.Context(), 5, "go.memory.used")
		}
		require.Equal(t, map[string]int64{"": 15}, counted(t, reader, metricIgnored))
		require.Equal(t, 1, logs.FilterField(zap.String("metric", "go.memory.used")).Len())
	})
}
