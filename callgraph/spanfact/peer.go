package spanfact

import (
	"hash/maphash"
	"math/bits"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// UnknownPeer is the name of the peer of an exit span that names none.
const UnknownPeer = "unknown_peer"

// peer is what an exit span says of its other side.
type peer struct {
	told     string // by which the callee knows where it is called
	service  string
	address  string
	port     int64
	system   string
	database string
	topic    string
	url      string
	rpc      string
	cluster  string
	rank     uint8 // of the address's source; 0: none
}

func (p *peer) note(k key, v string) {
	switch k {
	case keyToldPeer:
		p.told = v
	case keyPeer:
		p.service = v
	case keyServerAddress:
		p.noteAddress(v, 6)
	case keyNetPeerName:
		p.noteAddress(v, 5)
	case keySockPeerName:
		p.noteAddress(v, 4)
	case keyHost:
		p.noteAddress(hostname(v), 3)
	case keyPeerIP:
		p.noteAddress(v, 2)
	case keySystem:
		p.system = v
	case keyDatabase:
		p.database = v
	case keyTopic:
		p.topic = v
	case keyURL:
		p.url = v
	case keyService:
		p.rpc = v
	case keyCluster:
		p.cluster = v
	}
}

func (p *peer) noteAddress(address string, rank uint8) {
	if address != "" && rank > p.rank {
		p.address, p.rank = address, rank
	}
}

// Peer is the other side of an exit span in parts, so that it can be compared
// and looked up without its name being made.
type Peer struct {
	name     string
	database string // of a database system
	port     int64  // of an address
}

// String is the peer's name.
func (p Peer) String() string {
	if p.database != "" {
		return p.name + "/" + p.database
	}
	return withPort(p.name, p.port)
}

// Hash is equal for equal peers.
func (p Peer) Hash(seed maphash.Seed) uint64 {
	h := maphash.String(seed, p.name) ^ uint64(p.port)*0x9e3779b97f4a7c15 // 2^64 / φ
	if p.database != "" {
		h ^= bits.RotateLeft64(maphash.String(seed, p.database), 1)
	}
	return h
}

// Clip is the peer with parts no longer than names are.
func (p Peer) Clip() Peer {
	return Peer{name: callgraph.ClipName(p.name), database: callgraph.ClipName(p.database), port: p.port}
}

// Clone shares no memory with what was noted.
func (p Peer) Clone() Peer {
	return Peer{name: strings.Clone(p.name), database: strings.Clone(p.database), port: p.port}
}

// Peer takes the first that is there: the name that the callee was told; the name its caller gave the peer; for
// messages the topic, since brokers are no callees; its address; database
// system and namespace; topic; host of the URL; RPC service; the cluster
// that a proxy sent it to.
func (f *Facts) Peer() Peer {
	p := &f.peer
	switch {
	case p.told != "":
		return Peer{name: p.told}
	case p.service != "":
		return Peer{name: p.service}
	case p.topic != "" && f.Connection() == callgraph.Messaging:
		return Peer{name: p.topic}
	case p.address != "":
		return Peer{name: p.address, port: p.port}
	case p.system != "":
		return Peer{name: p.system, database: p.database}
	case p.topic != "":
		return Peer{name: p.topic}
	}
	return p.further()
}

func (p *peer) further() Peer {
	if host := urlHost(p.url); host.name != "" {
		return host
	}
	switch {
	case p.rpc != "":
		return Peer{name: p.rpc}
	case p.cluster != "":
		return Peer{name: p.cluster}
	}
	return Peer{name: UnknownPeer}
}

// Host is the host that the span names, without its port; empty where it names
// none.
func (f *Facts) Host() string {
	if f.peer.address != "" {
		return f.peer.address
	}
	return urlHost(f.peer.url).name
}

// PeerName is the name of the other side of an exit span.
func (f *Facts) PeerName() string { return f.Peer().String() }

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

// urlHost is the host of a URL without user and password, and its port.
func urlHost(url string) Peer {
	_, rest, found := strings.Cut(url[:min(len(url), maxURL)], "://")
	if !found {
		return Peer{}
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	return Peer{name: hostname(rest), port: parse(strings.TrimPrefix(rest[len(rest)-portLength(rest):], ":"))}
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
