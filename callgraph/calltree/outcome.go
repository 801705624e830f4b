package calltree

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Sources of an outcome that are not attributes.
const (
	SourceStatus      = "status"
	SourceException   = "exception"
	SourceParentEnded = "parent ended first"
	// SourceShedLoad is what the source ends with where the callee refused
	// work because it had too much of it.
	SourceShedLoad = " (shed load)"
)

// gRPC's status codes that tell outcomes apart.
const (
	grpcOK                = 0
	grpcCancelled         = 1
	grpcUnknown           = 2
	grpcDeadlineExceeded  = 4
	grpcResourceExhausted = 8
	grpcUnimplemented     = 12
	grpcInternal          = 13
	grpcUnavailable       = 14
	grpcDataLoss          = 15
	grpcCodes             = 17
)

// Outcome says how a span ended and what said so: SourceStatus,
// SourceException, or the attribute that decided; empty for a span that just
// ended. A status Ok, which only an operator or an application sets, beats all
// else. Whether a failed span's parent had ended before it, which makes it
// cancelled, only a Tree knows.
func Outcome(span ptrace.Span) (outcome callgraph.Outcome, source string) {
	return factsOf(span).outcome(span)
}

func (f *facts) outcome(span ptrace.Span) (callgraph.Outcome, string) {
	if source := f.declaredOK(span); source != "" {
		return callgraph.OK, source
	}
	if source := f.cancelled(); source != "" {
		return callgraph.Cancelled, source
	}
	kind, exception := span.Kind(), exceptionOf(span)
	if source := f.failure(span, kind, exception); source != "" {
		if timeout := f.timeout(exception); timeout != "" {
			return callgraph.Timeout, timeout
		}
		return callgraph.Error, source + f.shedLoad(source)
	}
	if source := f.rejected(kind); source != "" {
		return callgraph.Rejected, source + f.shedLoad(source)
	}
	return f.softError(exception)
}

func (f *facts) declaredOK(span ptrace.Span) string {
	switch {
	case span.Status().Code() == ptrace.StatusCodeOk:
		return SourceStatus
	case f.status == "OK" && span.Status().Code() == ptrace.StatusCodeUnset:
		return statusCode
	}
	return ""
}

func (f *facts) cancelled() string {
	switch {
	case f.rpc == grpcCancelled:
		return f.rpcKey
	case f.http == 499:
		return f.httpKey
	case f.errorType == "CANCELLED", f.errorType == "499":
		return errorType
	}
	return ""
}

// failure is what says that the span failed, or empty.
func (f *facts) failure(span ptrace.Span, kind ptrace.SpanKind, e exception) string {
	switch {
	case span.Status().Code() == ptrace.StatusCodeError:
		return SourceStatus
	case f.errorType != "":
		return errorType
	case f.status == "ERROR":
		return statusCode
	case f.failed:
		return openTracingFail
	case e.escaped:
		return SourceException
	case f.httpFailure(kind):
		return f.httpKey
	case f.rpcFailure(kind):
		return f.rpcKey
	}
	return ""
}

// httpFailure: a server answers for its own errors only, a client for every
// answer that it could not use.
func (f *facts) httpFailure(kind ptrace.SpanKind) bool {
	switch {
	case isEntry(kind):
		return f.http >= 500
	case isExit(kind):
		return f.http >= 400
	}
	return false
}

func (f *facts) rpcFailure(kind ptrace.SpanKind) bool {
	switch {
	case isExit(kind):
		return f.rpc > grpcOK
	case isEntry(kind):
		switch f.rpc {
		case grpcUnknown, grpcDeadlineExceeded, grpcUnimplemented, grpcInternal, grpcUnavailable, grpcDataLoss:
			return true
		}
	}
	return false
}

// timeout is what says that a failure was a lack of time, or empty.
func (f *facts) timeout(e exception) string {
	switch {
	case f.rpc == grpcDeadlineExceeded:
		return f.rpcKey
	case f.http == 504, f.http == 408:
		return f.httpKey
	case meansTimeout(f.errorType):
		return errorType
	case meansTimeout(e.kind):
		return exceptionType
	}
	return ""
}

// meansTimeout knows SocketTimeoutException, TimeoutError, DEADLINE_EXCEEDED,
// context.deadlineExceededError, ETIMEDOUT and the codes 504 and 408.
func meansTimeout(name string) bool {
	if name == "" {
		return false
	}
	if name == "504" || name == "408" {
		return true
	}
	lower := strings.ToLower(name[:min(len(name), maxTypeName)])
	return strings.Contains(lower, "timeout") || strings.Contains(lower, "timedout") || strings.Contains(lower, "timed_out") ||
		strings.Contains(lower, "deadline")
}

// maxTypeName is how many bytes of an error's type are looked at.
const maxTypeName = 256

// rejected: the semantic conventions leave a server's status unset where the
// caller is at fault.
func (f *facts) rejected(kind ptrace.SpanKind) string {
	switch {
	case !isEntry(kind):
		return ""
	case f.http >= 400:
		return f.httpKey
	case f.rpc > grpcOK:
		return f.rpcKey
	}
	return ""
}

func (f *facts) shedLoad(source string) string {
	switch {
	case source == f.httpKey && f.http == 429, source == f.rpcKey && f.rpc == grpcResourceExhausted:
		return SourceShedLoad
	}
	return ""
}

func (f *facts) softError(e exception) (callgraph.Outcome, string) {
	switch {
	case f.soft:
		return callgraph.SoftError, callgraph.AttributeSoftError
	case e.seen:
		return callgraph.SoftError, SourceException
	case f.degraded:
		return callgraph.SoftError, degraded
	}
	return callgraph.OK, ""
}

// exception sums up a span's exception events.
type exception struct {
	seen    bool
	escaped bool
	kind    string // the last one's type
}

func exceptionOf(span ptrace.Span) (e exception) {
	for _, event := range span.Events().All() {
		if event.Name() != exceptionName {
			continue
		}
		e.seen = true
		if v, ok := event.Attributes().Get(exceptionLeft); ok && truth(v) {
			e.escaped = true
		}
		if v, ok := event.Attributes().Get(exceptionType); ok {
			e.kind = v.Str()
		}
	}
	return e
}

// grpcCode takes the code as a number or by its name, whatever its case; -1
// for anything else.
func grpcCode(v pcommon.Value) int64 {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return knownCode(v.Int())
	case pcommon.ValueTypeStr:
		return grpcNamed(v)
	default:
		return -1
	}
}

func grpcNamed(v pcommon.Value) int64 {
	for code, name := range grpcNames() {
		if strings.EqualFold(v.Str(), name) {
			return int64(code)
		}
	}
	if s := v.Str(); s == "" || s[0] < '0' || s[0] > '9' {
		return -1
	}
	return knownCode(number(v))
}

func knownCode(code int64) int64 {
	if code < 0 || code >= grpcCodes {
		return -1
	}
	return code
}

func grpcNames() [grpcCodes]string {
	return [...]string{
		"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
		"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
		"UNAUTHENTICATED",
	}
}

func isEntry(kind ptrace.SpanKind) bool {
	return kind == ptrace.SpanKindServer || kind == ptrace.SpanKindConsumer
}

func isExit(kind ptrace.SpanKind) bool {
	return kind == ptrace.SpanKindClient || kind == ptrace.SpanKindProducer
}
