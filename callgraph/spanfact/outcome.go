package spanfact

import (
	"bytes"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Sources of an outcome that are not attributes.
const (
	SourceStatus    = "status"
	SourceException = "exception"
	// SourceShedLoad is what the source ends with where the callee refused
	// work because it had too much of it.
	SourceShedLoad = " (shed load)"
)

// Source is what said how a span ended. The zero value is nothing: the span
// just ended.
type Source struct {
	Name     string // SourceStatus, SourceException or an attribute
	ShedLoad bool
}

// String is the value of the derived attribute jcg.outcome.source.
func (s Source) String() string {
	if s.ShedLoad {
		return s.Name + SourceShedLoad
	}
	return s.Name
}

// gRPC's status codes that tell outcomes apart.
const (
	grpcOK                 = 0
	grpcCancelled          = 1
	grpcUnknown            = 2
	grpcInvalidArgument    = 3
	grpcDeadlineExceeded   = 4
	grpcNotFound           = 5
	grpcAlreadyExists      = 6
	grpcPermissionDenied   = 7
	grpcResourceExhausted  = 8
	grpcFailedPrecondition = 9
	grpcOutOfRange         = 11
	grpcUnimplemented      = 12
	grpcInternal           = 13
	grpcUnavailable        = 14
	grpcDataLoss           = 15
	grpcUnauthenticated    = 16
	grpcCodes              = 17
)

// Outcome says how the span ended and what said so. A status Ok, which only an
// operator or an application sets, beats all else.
func (f *Facts) Outcome(s Status) (callgraph.Outcome, Source) {
	if source := f.declaredOK(s); source != "" {
		return callgraph.OK, Source{Name: source}
	}
	if source := f.cancelled(); source != "" {
		return callgraph.Cancelled, Source{Name: source}
	}
	if source := f.failure(s); source != "" {
		if timeout := f.timeout(); timeout != "" {
			return callgraph.Timeout, Source{Name: timeout}
		}
		return callgraph.Error, Source{source, f.shedLoad(source)}
	}
	if source := f.rejected(); source != "" {
		return callgraph.Rejected, Source{source, f.shedLoad(source)}
	}
	return f.softError()
}

func (f *Facts) declaredOK(s Status) string {
	switch {
	case s == StatusOK:
		return SourceStatus
	case f.declared == StatusOK && s == StatusUnset:
		return statusCode
	}
	return ""
}

func (f *Facts) cancelled() string {
	switch {
	case f.rpc == grpcCancelled:
		return f.rpcKey()
	case f.http == 499:
		return f.httpKey()
	case f.errorType == "CANCELLED", f.errorType == "499":
		return errorType
	}
	return ""
}

// failure is what says that the span failed, or empty.
func (f *Facts) failure(s Status) string {
	switch {
	case s == StatusError:
		return SourceStatus
	case f.errorType != "":
		return errorType
	case f.declared == StatusError:
		return statusCode
	case f.failed:
		return openTracingFail
	case f.escaped:
		return SourceException
	case f.httpFailure():
		return f.httpKey()
	case f.rpcFailure():
		return f.rpcKey()
	}
	return ""
}

// httpFailure: a server answers for its own errors only, a client for every
// answer that it could not use.
func (f *Facts) httpFailure() bool {
	switch {
	case f.kind.Entry():
		return f.http >= 500
	case f.kind.Exit():
		return f.http >= 400
	}
	return false
}

func (f *Facts) rpcFailure() bool {
	switch {
	case f.kind.Exit():
		return f.rpc > grpcOK
	case f.kind.Entry():
		switch f.rpc {
		case grpcUnknown, grpcDeadlineExceeded, grpcUnimplemented, grpcInternal, grpcUnavailable, grpcDataLoss:
			return true
		}
	}
	return false
}

// timeout is what says that a failure was a lack of time, or empty.
func (f *Facts) timeout() string {
	switch {
	case f.rpc == grpcDeadlineExceeded:
		return f.rpcKey()
	case f.http == 504, f.http == 408:
		return f.httpKey()
	case meansTimeout(f.errorType):
		return errorType
	case meansTimeout(f.exceptionType):
		return ExceptionType
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
	var room [maxTypeName]byte
	lower := room[:copy(room[:], name)]
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return bytes.Contains(lower, []byte("timeout")) || bytes.Contains(lower, []byte("timedout")) ||
		bytes.Contains(lower, []byte("timed_out")) || bytes.Contains(lower, []byte("deadline"))
}

// maxTypeName is how many bytes of an error's type are looked at.
const maxTypeName = 256

// rejected: the semantic conventions leave a server's status unset where the
// caller is at fault.
func (f *Facts) rejected() string {
	switch {
	case !f.kind.Entry():
		return ""
	case f.http >= 400:
		return f.httpKey()
	case f.rpc > grpcOK:
		return f.rpcKey()
	}
	return ""
}

// ShedLoad reports whether the callee refused work because it had too much of
// it, whatever else says that the span failed.
func (f *Facts) ShedLoad() bool { return f.http == 429 || f.rpc == grpcResourceExhausted }

// CallerAtFault reports whether the callee's answer blames the caller: HTTP 4xx
// but for 408 and 429, or a gRPC code of that kind.
func (f *Facts) CallerAtFault() bool {
	switch f.rpc {
	case grpcInvalidArgument, grpcNotFound, grpcAlreadyExists, grpcPermissionDenied, grpcFailedPrecondition, grpcOutOfRange, grpcUnauthenticated:
		return true
	}
	return f.http >= 400 && f.http < 500 && f.http != 408 && f.http != 429
}

func (f *Facts) shedLoad(source string) bool {
	return f.http == 429 && source == f.httpKey() || f.rpc == grpcResourceExhausted && source == f.rpcKey()
}

func (f *Facts) softError() (callgraph.Outcome, Source) {
	switch {
	case f.soft:
		return callgraph.SoftError, Source{Name: callgraph.AttributeSoftError}
	case f.excepted:
		return callgraph.SoftError, Source{Name: SourceException}
	case f.degraded:
		return callgraph.SoftError, Source{Name: degraded}
	}
	return callgraph.OK, Source{}
}

// httpKey is the attribute that http is from.
func (f *Facts) httpKey() string {
	if f.httpFrom == keyHTTPStatusOlder {
		return httpStatusOlder
	}
	return httpStatus
}

// rpcKey is the attribute that rpc is from.
func (f *Facts) rpcKey() string {
	if f.rpcFrom == keyGRPCStatus {
		return grpcStatus
	}
	return rpcStatus
}

// codeNamed takes a gRPC code by its name, whatever its case, or as a number;
// -1 for anything else.
func codeNamed(s string) int64 {
	for code, name := range grpcNames {
		if strings.EqualFold(s, name) {
			return int64(code)
		}
	}
	if s == "" || s[0] < '0' || s[0] > '9' {
		return -1
	}
	return knownCode(parse(s))
}

func knownCode(code int64) int64 {
	if code < 0 || code >= grpcCodes {
		return -1
	}
	return code
}

var grpcNames = [grpcCodes]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
	"UNAUTHENTICATED",
}
