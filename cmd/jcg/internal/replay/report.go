package replay

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const (
	// maxReasons bounds the reasons that are told apart; later ones are
	// counted under otherReasons.
	maxReasons   = 20
	otherReasons = "other reasons"
	// maxTraces bounds the trace IDs that are remembered to count traces.
	maxTraces = 10_000_000
)

// Report says what became of the spans that were read: each is in exactly one
// of Accepted, Refused and Unsent.
type Report struct {
	Spans    int64
	Traces   int64
	Requests int64 // that were answered or given up
	Retries  int64
	Accepted int64
	Refused  map[string]int64 // spans by reason
	Unsent   map[string]int64 // spans by what kept them from being sent
	Elapsed  time.Duration
	// AtLeast says that Traces stopped at the bound of what is remembered.
	AtLeast bool
}

// Complete reports whether every span was accepted.
func (r Report) Complete() bool { return r.Accepted == r.Spans }

// WriteTo prints one figure a line.
func (r Report) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	traces := fmt.Sprint(r.Traces)
	if r.AtLeast {
		traces = "at least " + traces
	}
	fmt.Fprintf(t, "spans\t%d\ntraces\t%s\nrequests\t%d\nretries\t%d\naccepted\t%d\n", r.Spans, traces, r.Requests, r.Retries, r.Accepted)
	writeReasons(t, "refused", r.Refused)
	writeReasons(t, "unsent", r.Unsent)
	fmt.Fprintf(t, "seconds\t%.2f\n", r.Elapsed.Seconds())
	_ = t.Flush() // to memory
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

func writeReasons(w io.Writer, title string, reasons map[string]int64) {
	fmt.Fprintf(w, "%s\t%d\n", title, total(reasons))
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(w, "  %d\t%s\n", reasons[reason], reason)
	}
}

func total(reasons map[string]int64) (n int64) {
	for _, spans := range reasons {
		n += spans
	}
	return n
}

// tally adds up a Report; safe for concurrent use.
type tally struct {
	mu     sync.Mutex
	report Report
	traces map[pcommon.TraceID]struct{}
}

func newTally() *tally {
	return &tally{
		report: Report{Refused: map[string]int64{}, Unsent: map[string]int64{}},
		traces: map[pcommon.TraceID]struct{}{},
	}
}

// read counts the spans of a record before it is cut.
func (t *tally) read(td ptrace.Traces) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for s := range spansOf(td) {
		t.report.Spans++
		if len(t.traces) < maxTraces {
			t.traces[s.TraceID()] = struct{}{}
		} else if _, known := t.traces[s.TraceID()]; !known {
			t.report.AtLeast = true
		}
	}
	t.report.Traces = int64(len(t.traces))
}

func (t *tally) answered(spans, rejected int, message string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rejected = min(rejected, spans)
	t.report.Requests++
	t.report.Accepted += int64(spans - rejected)
	if rejected > 0 {
		count(t.report.Refused, "partial success: "+message, rejected)
	}
}

func (t *tally) refused(spans int, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Requests++
	count(t.report.Refused, reason, spans)
}

// tooLarge spans are in no request.
func (t *tally) tooLarge() {
	t.mu.Lock()
	defer t.mu.Unlock()
	count(t.report.Refused, "span larger than a request may be", 1)
}

func (t *tally) unsent(spans int, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	count(t.report.Unsent, reason, spans)
}

func (t *tally) snapshot() Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.report
	r.Refused, r.Unsent = maps.Clone(r.Refused), maps.Clone(r.Unsent)
	return r
}

func count(reasons map[string]int64, reason string, spans int) {
	if _, known := reasons[reason]; !known && len(reasons) >= maxReasons {
		reason = otherReasons
	}
	reasons[reason] += int64(spans)
}
