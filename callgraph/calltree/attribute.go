package calltree

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Attributes of OTel's semantic conventions, current names and older ones.
const (
	statusCode      = "otel.status_code"
	openTracingFail = "error"
	errorType       = "error.type"
	exceptionName   = "exception" // the event
	exceptionType   = "exception.type"
	exceptionLeft   = "exception.escaped"
	degraded        = "degraded"

	httpStatus      = "http.response.status_code"
	httpStatusOlder = "http.status_code"
	grpcStatus      = "rpc.grpc.status_code"
	rpcStatus       = "rpc.response.status_code"

	peerName           = "service.peer.name"
	peerNameOlder      = "peer.service"
	serverAddress      = "server.address"
	serverPort         = "server.port"
	netPeerName        = "net.peer.name"
	netPeerPort        = "net.peer.port"
	netSockPeerName    = "net.sock.peer.name"
	netPeerIP          = "net.peer.ip"
	netSockPeerAddr    = "net.sock.peer.addr"
	networkPeerAddress = "network.peer.address"
	networkPeerPort    = "network.peer.port"
	urlFull            = "url.full"
	httpURL            = "http.url"
	httpHost           = "http.host"
	dbSystem           = "db.system.name"
	dbSystemOlder      = "db.system"
	dbNamespace        = "db.namespace"
	dbNameOlder        = "db.name"
	messagingTopic     = "messaging.destination.name"
	messagingOlder     = "messaging.destination"
	rpcService         = "rpc.service"
	envoyCluster       = "upstream_cluster.name"
	envoyClusterOlder  = "upstream_cluster"
)

// facts is what a span's attributes say of the call it belongs to. Strings
// point into pdata.
type facts struct {
	status     string // otel.status_code
	failed     bool   // OpenTracing's error=true
	errorType  string
	soft       bool
	degraded   bool
	http       int64
	httpKey    string
	rpc        int64 // gRPC code, -1: none
	rpcKey     string
	counted    string
	late       bool
	connection callgraph.Connection
	exit       bool // only exit spans have a peer
	peer       peer
}

// factsOf looks at every attribute once.
func factsOf(span ptrace.Span) *facts {
	f := &facts{rpc: -1, exit: isExit(span.Kind())}
	for key, value := range span.Attributes().All() {
		f.note(key, value)
	}
	return f
}

// note keeps the connection that says most: callgraph's constants rise from a
// transport to what is spoken over it.
func (f *facts) note(key string, value pcommon.Value) {
	switch {
	case strings.HasPrefix(key, "http."):
		f.connection = max(f.connection, callgraph.HTTP)
	case strings.HasPrefix(key, "rpc."):
		f.connection = max(f.connection, callgraph.RPC)
	case strings.HasPrefix(key, "messaging."):
		f.connection = max(f.connection, callgraph.Messaging)
	case strings.HasPrefix(key, "db."):
		f.connection = max(f.connection, callgraph.Database)
	}
	if !f.noteOutcome(key, value) && f.exit {
		f.peer.note(key, value)
	}
}

// noteOutcome reports whether the attribute speaks of how the span ended.
func (f *facts) noteOutcome(key string, value pcommon.Value) bool {
	switch key {
	case httpStatus, httpStatusOlder:
		f.noteHTTP(key, value)
	case grpcStatus, rpcStatus:
		f.noteRPC(key, value)
	case errorType:
		f.errorType = value.Str()
	case statusCode:
		f.status = value.Str()
	case openTracingFail:
		f.failed = truth(value)
	case callgraph.AttributeSoftError:
		f.soft = truth(value)
	case degraded:
		f.degraded = truth(value)
	case callgraph.AttributeCounted:
		f.counted = value.Str()
	case callgraph.AttributeLate:
		f.late = truth(value)
	default:
		return false
	}
	return true
}

// noteHTTP prefers the current name where a span carries both.
func (f *facts) noteHTTP(key string, value pcommon.Value) {
	if code := number(value); code > 0 && f.httpKey != httpStatus {
		f.http, f.httpKey = code, key
	}
}

func (f *facts) noteRPC(key string, value pcommon.Value) {
	if code := grpcCode(value); code >= 0 && f.rpcKey != rpcStatus {
		f.rpc, f.rpcKey = code, key
	}
}

// truth takes what exporters write for true.
func truth(v pcommon.Value) bool {
	switch v.Type() {
	case pcommon.ValueTypeBool:
		return v.Bool()
	case pcommon.ValueTypeStr:
		return v.Str() == "true" || v.Str() == "1"
	default:
		return false
	}
}

// number is 0 for what is no number.
func number(v pcommon.Value) int64 {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return v.Int()
	case pcommon.ValueTypeDouble:
		return int64(v.Double())
	case pcommon.ValueTypeStr:
		n, err := strconv.ParseInt(v.Str(), 10, 64)
		if err != nil {
			return 0
		}
		return n
	default:
		return 0
	}
}
