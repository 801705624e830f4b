package failure

import (
	"cmp"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Attributes of OTel's semantic conventions that say why, and of log lines that
// travel as events.
const (
	exceptionEvent   = "exception"
	exceptionType    = "exception.type"
	exceptionMessage = "exception.message"
	exceptionStack   = "exception.stacktrace"
	errorType        = "error.type"
	errorMessage     = "error.message"
)

// codes name a failure that has no type of its own.
var codes = []struct{ key, prefix string }{
	{"http.response.status_code", "HTTP "},
	{"http.status_code", "HTTP "},
	{"rpc.response.status_code", "gRPC "},
	{"rpc.grpc.status_code", "gRPC "},
	{"db.response.status_code", "database "},
}

func typeOf(span ptrace.Span) string {
	if all := Exceptions(span); len(all) > 0 && all[len(all)-1].Type != "" {
		return all[len(all)-1].Type
	}
	if kind := text(span.Attributes(), errorType); kind != "" {
		if _, err := strconv.Atoi(kind); err != nil {
			return kind
		}
	}
	for _, c := range codes {
		if v := text(span.Attributes(), c.key); v != "" && !goodCode(v) {
			return c.prefix + v
		}
	}
	return ""
}

// goodCode: gRPC's 0 or OK, HTTP below 400.
func goodCode(code string) bool {
	n, err := strconv.Atoi(code)
	return code == "OK" || err == nil && (n == 0 || n >= 100 && n < 400)
}

func messageOf(span ptrace.Span) string {
	var last string
	if all := Exceptions(span); len(all) > 0 {
		last = all[len(all)-1].Message
	}
	if message := cmp.Or(last, span.Status().Message(), text(span.Attributes(), errorMessage)); message != "" {
		return message
	}
	for _, l := range Logs(span) {
		last = l.Message
	}
	return last
}

func text(attributes pcommon.Map, key string) string {
	if v, ok := attributes.Get(key); ok {
		return v.AsString()
	}
	return ""
}

// Exception is one that a span recorded.
type Exception struct {
	Type, Message, Stack string
	Offset               time.Duration // after the span's start
}

// Exceptions are the span's, as they came.
func Exceptions(span ptrace.Span) []Exception {
	var all []Exception
	for _, e := range span.Events().All() {
		if e.Name() == exceptionEvent {
			a := e.Attributes()
			all = append(all, Exception{text(a, exceptionType), text(a, exceptionMessage), text(a, exceptionStack), Offset(span, e)})
		}
	}
	return all
}

// Log is a log line that a span carries as an event.
type Log struct {
	Severity, Message string
	Offset            time.Duration // after the span's start
}

// Keys under which libraries put a log line and its severity.
var (
	logMessages   = []string{"log.message", "message", "log.body", "body", "log.record.original"}
	logSeverities = []string{"log.severity", "severity", "log.level", "level"}
)

// Logs are the span's events with a message that are no exceptions.
func Logs(span ptrace.Span) []Log {
	var all []Log
	for _, e := range span.Events().All() {
		message := first(e.Attributes(), logMessages)
		if e.Name() == exceptionEvent || message == "" {
			continue
		}
		all = append(all, Log{first(e.Attributes(), logSeverities), message, Offset(span, e)})
	}
	return all
}

func first(attributes pcommon.Map, keys []string) string {
	for _, key := range keys {
		if v := text(attributes, key); v != "" {
			return v
		}
	}
	return ""
}

// Offset is how long after its span's start an event happened; it may be below zero.
func Offset(span ptrace.Span, e ptrace.SpanEvent) time.Duration {
	return time.Duration(int64(e.Timestamp()) - int64(span.StartTimestamp()))
}
