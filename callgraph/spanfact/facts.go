package spanfact

import (
	"strconv"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Kind is a span's kind, by OTLP's numbers, which are those of pdata and of
// OTel's API too.
type Kind uint8

// The kinds.
const (
	Unspecified Kind = iota
	Internal
	Server
	Client
	Producer
	Consumer
)

// Entry spans are the callee's half of a call.
func (k Kind) Entry() bool { return k == Server || k == Consumer }

// Exit spans are the caller's half of a call.
func (k Kind) Exit() bool { return k == Client || k == Producer }

// Status is a span's status, by OTLP's numbers (which OTel's Go API does not
// share).
type Status uint8

// The statuses.
const (
	StatusUnset Status = iota
	StatusOK
	StatusError
)

// Facts is what a span's attributes and exceptions say of its call. It is made
// by New and fed by the Note methods, in the order of the attributes.
type Facts struct {
	names         *table
	errorType     string
	exceptionType string // the last one's
	peer          peer
	http          int64
	rpc           int64 // gRPC code, -1: none
	httpFrom      key
	rpcFrom       key
	kind          Kind
	connection    callgraph.Connection
	declared      Status // otel.status_code
	half          Half
	failed        bool // OpenTracing's error=true
	soft          bool
	degraded      bool
	late          bool
	excepted      bool
	escaped       bool
}

// Half names the half of a call that an SDK counted (jcg.counted).
type Half uint8

// The halves.
const (
	NoHalf Half = iota
	ClientHalf
	ServerHalf
)

// String is the value of the attribute.
func (h Half) String() string {
	switch h {
	case ClientHalf:
		return "client"
	case ServerHalf:
		return "server"
	}
	return ""
}

// New knows nothing but the kind.
func New(k Kind) Facts {
	f := Facts{names: ofItself, kind: k, rpc: -1}
	if k.Exit() {
		f.names = ofBoth
	}
	return f
}

// Speaks is false for most attributes that say nothing, which then need not be
// noted. It is small enough to be inlined.
func (f *Facts) Speaks(name string) bool { return f.names.speaks(name) }

// NoteString takes an attribute whose value is text.
func (f *Facts) NoteString(name, v string) {
	if !f.names.speaks(name) {
		return
	}
	if k := f.look(name); k != nothing {
		f.text(k, v)
	}
}

// NoteInt takes an attribute whose value is an integer.
func (f *Facts) NoteInt(name string, v int64) {
	if !f.names.speaks(name) {
		return
	}
	if k := f.look(name); k != nothing {
		f.integer(k, v)
	}
}

// NoteFloat takes an attribute whose value is a fraction: some exporters write
// status codes so.
func (f *Facts) NoteFloat(name string, v float64) {
	if f.names.speaks(name) {
		f.number(f.look(name), int64(v))
	}
}

// NoteBool takes an attribute whose value is a truth value.
func (f *Facts) NoteBool(name string, v bool) {
	if !f.names.speaks(name) {
		return
	}
	if k := f.look(name); k != nothing {
		f.truth(k, v)
	}
}

// NoteName takes an attribute whose value is none of these: its name alone may
// say what is spoken.
func (f *Facts) NoteName(name string) {
	if f.names.speaks(name) {
		f.look(name)
	}
}

// NoteException takes an exception event; its type may be unknown.
func (f *Facts) NoteException(typeName string, escaped bool) {
	f.excepted = true
	f.escaped = f.escaped || escaped
	if typeName != "" {
		f.exceptionType = typeName
	}
}

// look keeps the connection that says most: callgraph's constants rise from a
// transport to what is spoken over it. Only exit spans have a peer.
func (f *Facts) look(name string) key {
	f.connection = max(f.connection, transport(name))
	return f.names.keyOf(name)
}

func (f *Facts) text(k key, v string) {
	switch k {
	case keyErrorType:
		f.errorType = v
	case keyStatusCode:
		f.declared = statusNamed(v)
	case keyCounted:
		f.half = halfNamed(v)
	case keyGRPCStatus, keyRPCStatus:
		f.noteRPC(k, codeNamed(v))
	case keyHTTPStatus, keyHTTPStatusOlder, keyPort:
		f.number(k, parse(v))
	case keyFailed, keySoftError, keyDegraded, keyLate:
		f.truth(k, v == "true" || v == "1") // what exporters write for true
	default:
		f.peer.note(k, v)
	}
}

func statusNamed(s string) Status {
	switch s {
	case "OK":
		return StatusOK
	case "ERROR":
		return StatusError
	}
	return StatusUnset
}

func halfNamed(s string) Half {
	switch s {
	case "client":
		return ClientHalf
	case "server":
		return ServerHalf
	}
	return NoHalf
}

func (f *Facts) integer(k key, v int64) {
	if k == keyGRPCStatus || k == keyRPCStatus {
		f.noteRPC(k, knownCode(v))
		return
	}
	f.number(k, v)
}

// number prefers the current name where a span carries both.
func (f *Facts) number(k key, v int64) {
	switch k {
	case keyPort:
		f.peer.port = v
	case keyHTTPStatus, keyHTTPStatusOlder:
		if v > 0 && f.httpFrom != keyHTTPStatus {
			f.http, f.httpFrom = v, k
		}
	}
}

func (f *Facts) noteRPC(k key, code int64) {
	if code >= 0 && f.rpcFrom != keyRPCStatus {
		f.rpc, f.rpcFrom = code, k
	}
}

func (f *Facts) truth(k key, v bool) {
	switch k {
	case keyFailed:
		f.failed = v
	case keySoftError:
		f.soft = v
	case keyDegraded:
		f.degraded = v
	case keyLate:
		f.late = v
	}
}

// parse is 0 for what is no number.
func parse(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Connection is the kind of transport that the attributes name. Of several the
// one that says most wins: a database spoken to over HTTP is a database.
// Producers and consumers are messaging, whatever else they say.
func (f *Facts) Connection() callgraph.Connection {
	if f.kind == Producer || f.kind == Consumer {
		return callgraph.Messaging
	}
	return f.connection
}

// Counted is the half of the call that the span's SDK counted.
func (f *Facts) Counted() Half { return f.half }

// Late spans were kept after their verdict and have no weight.
func (f *Facts) Late() bool { return f.late }

// ErrorType is error.type, or empty.
func (f *Facts) ErrorType() string { return f.errorType }

// ExceptionType is the type of the last exception that has one, or empty.
func (f *Facts) ExceptionType() string { return f.exceptionType }

// Escaped reports whether an exception left the span.
func (f *Facts) Escaped() bool { return f.escaped }

// SoftError reports whether the application marked a business failure.
func (f *Facts) SoftError() bool { return f.soft }

// HTTPStatus is the response's status code, 0 where there is none.
func (f *Facts) HTTPStatus() int64 { return f.http }
