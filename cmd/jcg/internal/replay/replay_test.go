package replay

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/otlpsend"
)

func stamp(t time.Time) pcommon.Timestamp { return pcommon.NewTimestampFromTime(t) }

// arrival is a span that a recorder got, and when.
type arrival struct {
	trace pcommon.TraceID
	end   time.Time
	at    time.Time
}

// recorder accepts all that judge lets pass.
type recorder struct {
	judge func(td ptrace.Traces) (otlpsend.Receipt, error)

	mu       sync.Mutex
	arrivals []arrival
}

func (r *recorder) Close() error { return nil }

func (r *recorder) Send(_ context.Context, td ptrace.Traces) (otlpsend.Receipt, error) {
	if r.judge != nil {
		if receipt, err := r.judge(td); err != nil || receipt.Rejected > 0 {
			return receipt, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range spansOf(td) {
		r.arrivals = append(r.arrivals, arrival{s.TraceID(), s.EndTimestamp().AsTime(), time.Now()})
	}
	return otlpsend.Receipt{}, nil
}

// at2024 is when the recording begins.
var at2024 = time.Date(2024, 12, 13, 12, 0, 0, 0, time.UTC)

// recording has a record for each time, in seconds, whose only span ends then.
func recording(seconds ...int) iter.Seq2[ptrace.Traces, error] {
	return func(yield func(ptrace.Traces, error) bool) {
		for i, s := range seconds {
			td := ptrace.NewTraces()
			span := linkedSpan(td, at2024, at2024.Add(time.Duration(s)*time.Second))
			span.SetTraceID([16]byte{byte(i + 1)})
			if !yield(td, nil) {
				return
			}
		}
	}
}

func TestSendsAll(t *testing.T) {
	to := &recorder{}
	report, err := Plan{Records: recording(1, 2, 3), Repeat: 2, Concurrency: 3}.Run(t.Context(), to)
	require.NoError(t, err)
	require.NoError(t, report.Err())
	require.Equal(t, int64(6), report.Spans)
	require.Equal(t, int64(6), report.Traces, "fresh IDs the second time")
	require.Equal(t, int64(6), report.Requests)
	require.Len(t, to.arrivals, 6)
}

func TestShiftEndsTheNewestSpanNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &recorder{}
		_, err := Plan{Records: recording(5, 9, 7), Repeat: 1, Shift: true}.Run(t.Context(), to)
		require.NoError(t, err)
		for i, want := range []time.Duration{-4 * time.Second, 0, -2 * time.Second} {
			require.Equal(t, want, time.Until(to.arrivals[i].end))
		}
	})
}

func TestRecordedRateKeepsTheTimeBetweenRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, start := &recorder{}, time.Now()
		_, err := Plan{Records: recording(5, 9, 7, 12), Repeat: 2, Shift: true, Rate: Rate{Recorded: true}}.Run(t.Context(), to)
		require.NoError(t, err)
		for i, want := range []int{0, 4, 4, 7, 7, 11, 11, 14} {
			require.Equal(t, time.Duration(want)*time.Second, to.arrivals[i].at.Sub(start), "span %d", i)
		}
		require.True(t, to.arrivals[1].end.Equal(to.arrivals[1].at), "spans arrive when they end")
		require.True(t, to.arrivals[7].end.Equal(to.arrivals[7].at))
	})
}

func TestRateSendsSoManySpansASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, start := &recorder{}, time.Now()
		_, err := Plan{Records: recording(1, 1, 1, 1), Repeat: 1, Rate: Rate{PerSecond: 2}}.Run(t.Context(), to)
		require.NoError(t, err)
		for i, a := range to.arrivals {
			require.Equal(t, time.Duration(i)*time.Second/2, a.at.Sub(start))
		}
	})
}

func TestReportsEachFate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &recorder{judge: func(td ptrace.Traces) (otlpsend.Receipt, error) {
			for s := range spansOf(td) {
				switch s.TraceID()[0] {
				case 1:
					return otlpsend.Receipt{Rejected: 1, Message: "old"}, nil
				case 2:
					return otlpsend.Receipt{}, errors.New("bad request")
				case 3:
					return otlpsend.Receipt{}, &otlpsend.RetryableError{Err: errors.New("busy")}
				}
			}
			return otlpsend.Receipt{}, nil
		}}
		report, err := Plan{Records: recording(1, 2, 3, 4), Repeat: 1, Retry: 10 * time.Second}.Run(t.Context(), to)
		require.NoError(t, err)
		require.EqualError(t, report.Err(), "not every span was accepted: 2 of 4 refused, 1 unsent")
		require.Equal(t, int64(1), report.Accepted)
		require.Equal(t, map[string]int64{"partial success: old": 1, "bad request": 1}, report.Refused)
		require.Equal(t, map[string]int64{"gave up after 10s: busy": 1}, report.Unsent)
		require.Positive(t, report.Retries)
	})
}

func TestCountsSpansThatFitInNoRequest(t *testing.T) {
	records := func(yield func(ptrace.Traces, error) bool) {
		td := ptrace.NewTraces()
		linkedSpan(td, at2024, at2024).SetName(strings.Repeat("x", MaxRequest))
		linkedSpan(td, at2024, at2024)
		yield(td, nil)
	}
	var told []pcommon.SpanID
	plan := Plan{Records: records, Repeat: 1, TooLarge: func(s ptrace.Span, _ int) { told = append(told, s.SpanID()) }}
	report, err := plan.Run(t.Context(), &recorder{})
	require.NoError(t, err)
	require.Equal(t, []pcommon.SpanID{{2}}, told)
	require.Equal(t, map[string]int64{"span larger than a request may be": 1}, report.Refused)
	require.Equal(t, int64(1), report.Accepted)
	require.Error(t, report.Err())
}

func TestStopsWhenInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		to := &recorder{}
		plan := Plan{Records: recording(0, 100, 200), Repeat: 1, Rate: Rate{Recorded: true}, Sent: func(Report) { cancel() }}
		report, err := plan.Run(ctx, to)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, int64(1), report.Accepted)
		require.Equal(t, report.Spans, report.Accepted+report.Unsent["interrupted"], "the second record may have been read or not")
	})
}

func TestInterruptFinishesWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		to := &recorder{judge: func(ptrace.Traces) (otlpsend.Receipt, error) {
			cancel()
			time.Sleep(time.Second)
			return otlpsend.Receipt{}, nil
		}}
		report, err := Plan{Records: recording(0, 1), Repeat: 1}.Run(ctx, to)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, int64(1), report.Accepted)
	})
}

func TestReportsWhatWasSentBeforeAReadError(t *testing.T) {
	broken := errors.New("dump: record 2: broken")
	records := func(yield func(ptrace.Traces, error) bool) {
		for td, err := range recording(1) {
			if !yield(td, err) {
				return
			}
		}
		yield(ptrace.Traces{}, broken)
	}
	report, err := Plan{Records: records, Repeat: 1}.Run(t.Context(), &recorder{})
	require.ErrorIs(t, err, broken)
	require.Equal(t, int64(1), report.Accepted)
}

func TestReportIsReadable(t *testing.T) {
	var out strings.Builder
	_, err := Report{
		Spans: 10, Traces: 3, AtLeast: true, Requests: 2, Retries: 1, Accepted: 7,
		Refused: map[string]int64{"too old": 2}, Unsent: map[string]int64{"interrupted": 1}, Elapsed: 1500 * time.Millisecond,
	}.WriteTo(&out)
	require.NoError(t, err)
	require.Equal(t, `spans     10
traces    at least 3
requests  2
retries   1
accepted  7
refused   2
  2       too old
unsent    1
  1       interrupted
seconds   1.50
`, out.String())
}

func TestReasonsAreBounded(t *testing.T) {
	reasons := map[string]int64{}
	for i := range 100 {
		count(reasons, strings.Repeat("x", i), 1)
	}
	require.Len(t, reasons, maxReasons+1)
	require.Equal(t, int64(100), total(reasons))
}

func TestRates(t *testing.T) {
	for _, s := range []string{"recorded", "max", "2000", "0.5"} {
		r, err := ParseRate(s)
		require.NoError(t, err)
		require.Equal(t, s, r.String())
	}
	for _, s := range []string{"", "0", "-1", "NaN", "Inf", "fast", "1e300"} {
		_, err := ParseRate(s)
		require.EqualError(t, err, "want "+RateForms, s)
	}
}

func TestEndsWhenTheCollectorIsGone(t *testing.T) {
	for _, concurrency := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			var taken atomic.Int64
			to := &recorder{judge: func(ptrace.Traces) (otlpsend.Receipt, error) {
				if taken.Add(1) > 3 {
					return otlpsend.Receipt{}, &otlpsend.RetryableError{Err: errors.New("connection refused")}
				}
				return otlpsend.Receipt{}, nil
			}}
			start := time.Now()
			plan := Plan{Records: recording(make([]int, 200)...), Repeat: 5, Retry: time.Minute, Concurrency: concurrency}
			report, err := plan.Run(t.Context(), to)
			require.ErrorIs(t, err, ErrGone)
			require.LessOrEqual(t, time.Since(start), 2*time.Minute)
			require.EqualValues(t, 3, report.Accepted)
			require.Equal(t, report.Spans, report.Accepted+total(report.Unsent), "each span read has one fate")
		})
	}
}

func TestGoesOnWhereOnlySomeAreNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &recorder{judge: func(td ptrace.Traces) (otlpsend.Receipt, error) {
			for s := range spansOf(td) {
				if s.TraceID()[0]%2 == 0 {
					return otlpsend.Receipt{}, &otlpsend.RetryableError{Err: errors.New("busy")}
				}
			}
			return otlpsend.Receipt{}, nil
		}}
		report, err := Plan{Records: recording(make([]int, 20)...), Repeat: 1, Retry: time.Minute}.Run(t.Context(), to)
		require.NoError(t, err)
		require.EqualValues(t, 10, report.Accepted)
	})
}
