// Package treescript decides how a trace is written as text in tests, so that
// call trees read as documentation.
package treescript

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Script is a trace as text, one span a line, children indented by two more
// spaces than their parent:
//
//	environment/namespace/service kind "name" start-end key=value …
//
// Times are milliseconds. Keys that are no attributes: id (a label; without
// one, the line's number), parent and link (labels; parent=- is none),
// trace (a label), status (ok, error), event (the name of an event; a type
// after a colon is the exception's, an exclamation mark after it: escaped),
// message (of the status), thrown (the message of the event's exception), log (an
// event with a log line), state (tracestate), at (seconds at which the span arrives).
type Script struct {
	Spans []Span
}

// Span is a line of a script.
type Span struct {
	ptrace.Span
	depth   int
	service string
	at      time.Duration
}

// Parse reads a script.
func Parse(t require.TestingT, text string) *Script {
	s := &Script{}
	var open []Span
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		depth := (len(line) - len(strings.TrimLeft(line, " "))) / 2
		require.LessOrEqual(t, depth, len(open), "line %d is indented too far", i+1)
		open = open[:depth]
		span := parseSpan(t, i+1, trimmed, open)
		span.depth = depth
		open = append(open, span)
		s.Spans = append(s.Spans, span)
	}
	return s
}

func parseSpan(t require.TestingT, number int, line string, open []Span) Span {
	words := splitWords(line)
	require.GreaterOrEqual(t, len(words), 4, "line %d: service kind name times", number)
	s := Span{service: words[0], Span: ptrace.NewSpan()}
	s.SetKind(parseKind(t, words[1]))
	s.SetName(words[2])
	start, end, found := strings.Cut(words[3], "-")
	require.True(t, found, "line %d: times", number)
	s.SetStartTimestamp(parseMillis(t, start))
	s.SetEndTimestamp(parseMillis(t, end))
	s.SetSpanID(spanID(strconv.Itoa(number)))
	s.SetTraceID(traceID(""))
	if len(open) > 0 {
		s.SetParentSpanID(open[len(open)-1].SpanID())
		s.SetTraceID(open[len(open)-1].TraceID())
	}
	for _, word := range words[4:] {
		key, value, _ := strings.Cut(word, "=")
		s.option(t, key, value)
	}
	return s
}

func (s *Span) option(t require.TestingT, key, value string) {
	switch key {
	case "id":
		s.SetSpanID(spanID(value))
	case "trace":
		s.SetTraceID(traceID(value))
	case "parent":
		s.SetParentSpanID(spanID(value))
	case "link":
		l := s.Links().AppendEmpty()
		trace, span, found := strings.Cut(value, "/")
		if !found {
			trace, span = "", value
		}
		l.SetTraceID(traceID(trace))
		l.SetSpanID(spanID(span))
	case "status":
		s.Status().SetCode(map[string]ptrace.StatusCode{"ok": ptrace.StatusCodeOk, "error": ptrace.StatusCodeError}[value])
	case "message":
		s.Status().SetMessage(value)
	case "thrown": // the message of the exception that event= named before
		s.Events().At(s.Events().Len()-1).Attributes().PutStr("exception.message", value)
	case "log":
		e := s.Events().AppendEmpty()
		e.SetName("log")
		e.Attributes().PutStr("log.message", value)
	case "state":
		s.TraceState().FromRaw(value)
	case "event":
		s.event(value)
	case "at":
		at, err := strconv.ParseFloat(value, 64)
		require.NoError(t, err)
		s.at = time.Duration(at * float64(time.Second))
	default:
		setAttribute(s.Attributes(), key, value)
	}
}

func (s *Span) event(value string) {
	value, escaped := strings.CutSuffix(value, "!")
	name, kind, _ := strings.Cut(value, ":")
	e := s.Events().AppendEmpty()
	e.SetName(name)
	if kind != "" {
		e.Attributes().PutStr("exception.type", kind)
	}
	if escaped {
		e.Attributes().PutBool("exception.escaped", true)
	}
}

func setAttribute(attributes pcommon.Map, key, value string) {
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		attributes.PutInt(key, n)
	} else if value == "true" || value == "false" {
		attributes.PutBool(key, value == "true")
	} else {
		attributes.PutStr(key, value)
	}
}

func splitWords(line string) []string {
	quoted := false
	words := strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
	for i, w := range words {
		words[i] = strings.ReplaceAll(w, `"`, "")
	}
	return words
}

func parseKind(t require.TestingT, word string) ptrace.SpanKind {
	kinds := map[string]ptrace.SpanKind{
		"server": ptrace.SpanKindServer, "client": ptrace.SpanKindClient, "producer": ptrace.SpanKindProducer,
		"consumer": ptrace.SpanKindConsumer, "internal": ptrace.SpanKindInternal, "unspecified": ptrace.SpanKindUnspecified,
	}
	require.Contains(t, slices.Collect(maps.Keys(kinds)), word)
	return kinds[word]
}

// Epoch is the time 0 of scripts; 0 stands for no time at all.
var Epoch = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func parseMillis(t require.TestingT, word string) pcommon.Timestamp {
	if word == "none" {
		return 0
	}
	ms, err := strconv.Atoi(word)
	require.NoError(t, err)
	return pcommon.NewTimestampFromTime(Epoch.Add(time.Duration(ms) * time.Millisecond))
}

func spanID(label string) (id pcommon.SpanID) {
	if label == "-" {
		return id
	}
	if n, err := strconv.Atoi(label); err == nil {
		id[7] = byte(n) // so that the order of lines is that of IDs
		return id
	}
	sum := sha256.Sum256([]byte(label))
	copy(id[:], sum[:])
	return id
}

func traceID(label string) (id pcommon.TraceID) {
	if label == "-" {
		return id
	}
	sum := sha256.Sum256([]byte("trace " + label))
	copy(id[:], sum[:])
	return id
}

// Traces is what arrives at the given time; all of it where at is negative.
func (s *Script) Traces(at time.Duration) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, sp := range s.Spans {
		if at < 0 || sp.at == at {
			AddSpan(td, sp.service, sp.Span)
		}
	}
	return td
}

// AddSpan adds a span of a service (environment/namespace/service); it keeps runs of spans of one service in one resource.
func AddSpan(td ptrace.Traces, service string, span ptrace.Span) {
	if n := td.ResourceSpans().Len(); n > 0 {
		last := td.ResourceSpans().At(n - 1)
		if v, ok := last.Resource().Attributes().Get("label"); ok && v.Str() == service {
			span.CopyTo(last.ScopeSpans().At(0).Spans().AppendEmpty())
			return
		}
	}
	r := td.ResourceSpans().AppendEmpty()
	parts := strings.Split(service, "/")
	attributes := r.Resource().Attributes()
	attributes.PutStr("label", service)
	for i, key := range []string{"service.name", "service.namespace", "deployment.environment.name"} {
		if i < len(parts) && parts[len(parts)-1-i] != "-" {
			attributes.PutStr(key, parts[len(parts)-1-i])
		}
	}
	span.CopyTo(r.ScopeSpans().AppendEmpty().Spans().AppendEmpty())
}

// Arrivals are the times at which spans arrive, each once.
func (s *Script) Arrivals() (times []time.Duration) {
	for _, sp := range s.Spans {
		times = append(times, sp.at)
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// String names the span.
func (s Span) String() string { return fmt.Sprintf("%s %q", s.service, s.Name()) }
