package sampler

import (
	"strings"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Facts is all that is known of a span when it is decided, the randomness of
// its trace excluded.
type Facts struct {
	Operation  string // the span's name
	Kind       trace.SpanKind
	Status     codes.Code
	Outcome    callgraph.Outcome
	ErrorType  string // error.type
	HTTPStatus int    // http.response.status_code, 0 where there is none
	Duration   time.Duration
	Escaped    bool // an exception left the span
	SoftError  bool // jcg.soft_error
	FirstSight bool // the first call of its edge in a while
	Debug      bool // somebody asked for this trace
}

// Keep says which spans are kept whatever the rate. It may be called
// concurrently. String explains it to people.
type Keep interface {
	Keep(Facts) bool
	String() string
}

// Marks keep the spans that have one of them.
type Marks uint8

// Errors are spans of status Error, with an error.type, an exception that
// escaped, HTTP status 500 or above, or an outcome that counts as an error.
const (
	Errors     Marks = 1 << iota
	SoftErrors       // business failures
	FirstSight       // the first of its edge in a while, so that a sampled graph is whole
	Debug            // traces that somebody asked for

	None Marks = 0
)

// Keep implements Keep.
func (m Marks) Keep(f Facts) bool { return m.keeps(&f) }

// keeps reads the facts where they are: copying them costs more than looking.
func (m Marks) keeps(f *Facts) bool {
	return m&Errors != 0 && f.failed() ||
		m&SoftErrors != 0 && (f.SoftError || f.Outcome == callgraph.SoftError) ||
		m&FirstSight != 0 && f.FirstSight ||
		m&Debug != 0 && f.Debug
}

func (f *Facts) failed() bool {
	return f.Status == codes.Error || f.ErrorType != "" || f.Escaped || f.HTTPStatus >= 500 || f.Outcome.Failed()
}

// String implements Keep.
func (m Marks) String() string {
	var names []string
	for i, name := range [...]string{"errors", "soft errors", "first sight of an edge", "debug"} {
		if m&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// Any keeps what one of the given keeps; nil ones are left out.
func Any(keeps ...Keep) Keep {
	var a anyOf
	for _, k := range keeps {
		switch k := k.(type) {
		case nil:
		case Marks:
			a.marks |= k
		case anyOf:
			a.marks |= k.marks
			a.others = append(a.others, k.others...)
		default:
			a.others = append(a.others, k)
		}
	}
	if len(a.others) == 0 {
		return a.marks
	}
	return a
}

type anyOf struct {
	marks  Marks
	others []Keep
}

func (a anyOf) Keep(f Facts) bool { return a.marks.keeps(&f) || a.othersKeep(f) }

func (a anyOf) othersKeep(f Facts) bool {
	for _, k := range a.others {
		if k.Keep(f) {
			return true
		}
	}
	return false
}

// Tick implements Ticker.
func (a anyOf) Tick(unixSecond int64) {
	for _, k := range a.others {
		tick(k, unixSecond)
	}
}

func (a anyOf) String() string {
	var names []string
	if a.marks != None {
		names = append(names, a.marks.String())
	}
	for _, k := range a.others {
		names = append(names, k.String())
	}
	return strings.Join(names, ", ")
}
