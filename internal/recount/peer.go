package main

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// peerName is what an exit span without a callee calls: the name that its
// caller gave the peer, a message's topic, the peer's address, the database,
// the topic, the URL's host, the RPC service, the cluster that a proxy chose; the
// first that is there.
func peerName(kind ptrace.SpanKind, facts map[string]any) string {
	topic := first(facts, "messaging.destination.name", "messaging.destination")
	messaging := kind == ptrace.SpanKindProducer || (anyPrefix(facts, "messaging.") && !anyPrefix(facts, "db."))
	names := []string{first(facts, "service.peer.name", "peer.service")}
	if messaging {
		names = append(names, topic)
	}
	names = append(names, address(facts), database(facts), topic, urlHost(first(facts, "url.full", "http.url")),
		first(facts, "rpc.service"), first(facts, "upstream_cluster.name", "upstream_cluster"), "unknown_peer")
	return names[slices.IndexFunc(names, func(s string) bool { return s != "" })]
}

func anyPrefix(facts map[string]any, prefix string) bool {
	for key := range facts {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func address(facts map[string]any) string {
	host := first(facts, "server.address", "net.peer.name", "net.sock.peer.name")
	if host == "" {
		host = hostOf(first(facts, "http.host"))
	}
	host = or(host, first(facts, "net.peer.ip", "net.sock.peer.addr", "network.peer.address"))
	return hostPort(host, whole(facts, "server.port", "net.peer.port", "network.peer.port"))
}

// hostPort shows the port only with hosts that several services share.
func hostPort(host string, port int64) string {
	_, err := netip.ParseAddr(host)
	shared := err == nil || host == "localhost" || strings.Contains(host, ":")
	if host == "" || port <= 0 || !shared {
		return host
	}
	return net.JoinHostPort(host, strconv.FormatInt(port, 10))
}

// hostOf takes the port and the brackets off.
func hostOf(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		return host
	}
	return strings.Trim(s, "[]")
}

func database(facts map[string]any) string {
	system := first(facts, "db.system.name", "db.system")
	if name := first(facts, "db.namespace", "db.name"); system != "" && name != "" {
		return system + "/" + name
	}
	return system
}

func urlHost(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return ""
	}
	port, err := strconv.ParseInt(u.Port(), 10, 64)
	if err != nil {
		port = 0
	}
	return hostPort(u.Hostname(), port)
}
