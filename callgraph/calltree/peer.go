package calltree

import (
	"cmp"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// UnknownPeer is the name of the peer of an exit span that names none.
const UnknownPeer = "unknown_peer"

// ServiceOf is the service that a resource describes.
func ServiceOf(resource pcommon.Resource) callgraph.Service {
	attributes := resource.Attributes()
	s := callgraph.Service{
		Environment: text(attributes, callgraph.EnvironmentKey),
		Namespace:   text(attributes, callgraph.NamespaceKey),
		Name:        text(attributes, callgraph.ServiceKey),
	}
	if s.Environment == "" {
		s.Environment = text(attributes, callgraph.EnvironmentKeyOlder)
	}
	if s.Name == "" {
		s.Name = callgraph.UnknownService
	}
	return s
}

func text(attributes pcommon.Map, key string) string {
	v, ok := attributes.Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

// ConnectionOf is the kind of transport that a span's attributes name. Of
// several the one that says most wins: a database spoken to over HTTP is a
// database. Producers and consumers are messaging, whatever else they say.
func ConnectionOf(span ptrace.Span) callgraph.Connection {
	return factsOf(span).connectionOf(span.Kind())
}

func (f *facts) connectionOf(kind ptrace.SpanKind) callgraph.Connection {
	if kind == ptrace.SpanKindProducer || kind == ptrace.SpanKindConsumer {
		return callgraph.Messaging
	}
	return f.connection
}

// PeerOf is the virtual operation that an exit span of the given service
// calls: the peer as the span's attributes name it, in its caller's
// environment, and the span's own name.
func PeerOf(span ptrace.Span, caller callgraph.Service) callgraph.Operation {
	f := factsOf(span)
	return callgraph.Operation{
		Service: callgraph.Service{Environment: caller.Environment, Name: f.peer.name(f.connectionOf(span.Kind()))},
		Name:    span.Name(),
		Node:    callgraph.Virtual,
	}
}

// peer is what an exit span says of its other side.
type peer struct {
	service  string
	address  string
	rank     uint8 // of the address's source; 0: none
	port     int64
	system   string
	database string
	topic    string
	url      string
	rpc      string
	cluster  string
}

func (p *peer) note(key string, value pcommon.Value) {
	switch key {
	case peerName, peerNameOlder:
		p.service = value.Str()
	case serverAddress:
		p.noteAddress(value.Str(), 6)
	case netPeerName:
		p.noteAddress(value.Str(), 5)
	case netSockPeerName:
		p.noteAddress(value.Str(), 4)
	case httpHost:
		p.noteAddress(hostname(value.Str()), 3)
	case netPeerIP, netSockPeerAddr, networkPeerAddress:
		p.noteAddress(value.Str(), 2)
	case serverPort, netPeerPort, networkPeerPort:
		p.port = number(value)
	case dbSystem, dbSystemOlder:
		p.system = value.Str()
	case dbNamespace, dbNameOlder:
		p.database = value.Str()
	case messagingTopic, messagingOlder:
		p.topic = value.Str()
	case urlFull, httpURL:
		p.url = value.Str()
	case rpcService:
		p.rpc = value.Str()
	case envoyCluster, envoyClusterOlder:
		p.cluster = value.Str()
	}
}

func (p *peer) noteAddress(address string, rank uint8) {
	if address != "" && rank > p.rank {
		p.address, p.rank = address, rank
	}
}

// name takes the first that is there: the name its caller gave the peer; for
// messages the topic, since brokers are no callees; its address; database
// system and namespace; topic; host of the URL; RPC service; the cluster
// that a proxy sent it to.
func (p *peer) name(c callgraph.Connection) string {
	switch {
	case p.service != "":
		return p.service
	case p.topic != "" && c == callgraph.Messaging:
		return p.topic
	case p.address != "":
		return withPort(p.address, p.port)
	case p.system != "":
		return p.databaseName()
	case p.topic != "":
		return p.topic
	}
	if host := urlHost(p.url); host != "" {
		return host
	}
	return cmp.Or(p.rpc, p.cluster, UnknownPeer)
}

func (p *peer) databaseName() string {
	if p.database == "" {
		return p.system
	}
	return p.system + "/" + p.database
}

// withPort adds the port only where the address alone is shared by several
// services: an IP address, or this machine.
func withPort(address string, port int64) string {
	if port <= 0 || !sharedAddress(address) {
		return address
	}
	return net.JoinHostPort(address, strconv.FormatInt(port, 10))
}

func sharedAddress(address string) bool {
	if address == "localhost" || strings.Contains(address, ":") {
		return true
	}
	if last := len(address) - 1; last < 0 || address[last] < '0' || address[last] > '9' {
		return false
	}
	_, err := netip.ParseAddr(address)
	return err == nil
}

// urlHost is the host of a URL without user and password; with its port where
// withPort shows it.
func urlHost(url string) string {
	_, rest, found := strings.Cut(url[:min(len(url), maxURL)], "://")
	if !found {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	port, err := strconv.ParseInt(strings.TrimPrefix(rest[len(rest)-portLength(rest):], ":"), 10, 64)
	if err != nil {
		port = 0
	}
	return withPort(hostname(rest), port)
}

// maxURL is how many bytes of a URL are looked at.
const maxURL = 2048

// hostname cuts the port off.
func hostname(hostport string) string {
	return strings.Trim(hostport[:len(hostport)-portLength(hostport)], "[]")
}

func portLength(hostport string) int {
	i := strings.LastIndexByte(hostport, ':')
	if i < 0 || strings.Contains(hostport[i:], "]") || (strings.Count(hostport, ":") > 1 && !strings.Contains(hostport, "]")) {
		return 0
	}
	return len(hostport) - i
}
