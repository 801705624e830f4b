package spanfact

import (
	"cmp"
	"slices"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Attributes of OTel's semantic conventions, current names and older ones.
const (
	statusCode      = "otel.status_code"
	openTracingFail = "error"
	errorType       = "error.type"
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

// An exception event and its attributes.
const (
	ExceptionEvent   = "exception"
	ExceptionType    = "exception.type"
	ExceptionEscaped = "exception.escaped"
)

// key is an attribute that says something.
type key uint8

const (
	nothing key = iota
	keyHTTPStatus
	keyHTTPStatusOlder
	keyGRPCStatus
	keyRPCStatus
	keyErrorType
	keyStatusCode
	keyFailed
	keySoftError
	keyDegraded
	keyCounted
	keyLate

	// Of the other side of an exit span.
	keyPeer
	keyToldPeer
	keyServerAddress
	keyNetPeerName
	keySockPeerName
	keyHost
	keyPeerIP
	keyPort
	keySystem
	keyDatabase
	keyTopic
	keyURL
	keyService
	keyCluster
)

// Of any span the names of ofItself say something; of exit spans, which have
// an other side, those of ofBoth.
var (
	ofItself = byShape(slices.DeleteFunc(slices.Clone(speakers), func(s speaker) bool { return s.key >= keyPeer }))
	ofBoth   = byShape(slices.Clone(speakers))
)

var speakers = []speaker{
	{httpStatus, keyHTTPStatus},
	{httpStatusOlder, keyHTTPStatusOlder},
	{grpcStatus, keyGRPCStatus},
	{rpcStatus, keyRPCStatus},
	{errorType, keyErrorType},
	{statusCode, keyStatusCode},
	{openTracingFail, keyFailed},
	{callgraph.AttributeSoftError, keySoftError},
	{degraded, keyDegraded},
	{callgraph.AttributeCounted, keyCounted},
	{callgraph.AttributeLate, keyLate},
	{callgraph.AttributePeer, keyToldPeer},
	{peerName, keyPeer},
	{peerNameOlder, keyPeer},
	{serverAddress, keyServerAddress},
	{netPeerName, keyNetPeerName},
	{netSockPeerName, keySockPeerName},
	{httpHost, keyHost},
	{netPeerIP, keyPeerIP},
	{netSockPeerAddr, keyPeerIP},
	{networkPeerAddress, keyPeerIP},
	{serverPort, keyPort},
	{netPeerPort, keyPort},
	{networkPeerPort, keyPort},
	{dbSystem, keySystem},
	{dbSystemOlder, keySystem},
	{dbNamespace, keyDatabase},
	{dbNameOlder, keyDatabase},
	{messagingTopic, keyTopic},
	{messagingOlder, keyTopic},
	{urlFull, keyURL},
	{httpURL, keyURL},
	{rpcService, keyService},
	{envoyCluster, keyCluster},
	{envoyClusterOlder, keyCluster},
}

type speaker struct {
	name string
	key  key
}

// shape is a name's first letter and length, modulo 32: a hash under which the
// names are few to a slot and that needs to look at one byte only.
func shape(name string) int { return int(name[0]&31)<<5 | len(name)&31 }

const shapes = 1 << 10

// table finds names by their shape.
type table struct {
	sorted  []speaker
	first   [shapes + 1]uint8 // index in sorted of a shape's first name
	lengths [32]uint32        // the lengths of each letter's names, as bits
}

func byShape(all []speaker) *table {
	slices.SortFunc(all, func(a, b speaker) int { return cmp.Compare(shape(a.name), shape(b.name)) })
	t := &table{sorted: all}
	for _, s := range all {
		t.first[shape(s.name)+1]++
		t.lengths[s.name[0]&31] |= 1 << (len(s.name) & 31)
	}
	for i := range shapes {
		t.first[i+1] += t.first[i]
	}
	return t
}

// keyOf is what a name speaks of.
func (t *table) keyOf(name string) key {
	h := shape(name)
	for i := t.first[h]; i < t.first[h+1]; i++ {
		if s := &t.sorted[i]; s.name == name {
			return s.key
		}
	}
	return nothing
}

// carriers are the first letters of the names that say more of what is spoken
// than a connection, as bits.
var carriers = func() (c [callgraph.Database + 1]uint32) {
	for i := range c {
		for name, says := range map[string]callgraph.Connection{
			"http.": callgraph.HTTP, "rpc.": callgraph.RPC, "messaging.": callgraph.Messaging, "db.": callgraph.Database,
		} {
			if says > callgraph.Connection(i) {
				c[i] |= 1 << (name[0] & 31)
			}
		}
	}
	return c
}()

// transport is the connection that an attribute's name stands for.
func transport(name string) callgraph.Connection {
	switch {
	case strings.HasPrefix(name, "http."):
		return callgraph.HTTP
	case strings.HasPrefix(name, "rpc."):
		return callgraph.RPC
	case strings.HasPrefix(name, "messaging."):
		return callgraph.Messaging
	case strings.HasPrefix(name, "db."):
		return callgraph.Database
	}
	return callgraph.ConnectionUnset
}
