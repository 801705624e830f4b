package edge

import (
	"cmp"
	"hash/maphash"
	"math/bits"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
)

// Operation is one of the process's own. It may be kept for any time.
type Operation struct {
	id   callgraph.StaticID
	name string
	told atomic.Int64 // Unix nanoseconds of the last Tell
	used atomic.Bool  // since the last sweep

	recent [recentEdges]atomic.Pointer[edge] // see Counters.recent
}

// ID names the operation in requests.
func (o *Operation) ID() callgraph.StaticID { return o.id }

// Name is the operation's name as it is told: valid UTF-8 of bounded length.
func (o *Operation) Name() string { return o.name }

// Site is where the service calls: a peer under a client span's name. It may be
// kept for any time.
type Site struct {
	id callgraph.StaticID
	siteKey
	used atomic.Bool
}

// ID names the site in requests.
func (s *Site) ID() callgraph.StaticID { return s.id }

// Peer is the name of who is called there.
func (s *Site) Peer() string { return s.peer }

type siteKey struct{ peer, name string }

// peerKey is a siteKey whose peer is in parts.
type peerKey struct {
	peer spanfact.Peer
	name string
}

// told is the name as metrics can carry it; IDs are of what is told.
func told(name string) string {
	if len(name) <= callgraph.MaxNameLength && utf8.ValidString(name) {
		return name
	}
	return callgraph.ClipName(strings.ToValidUTF8(name, "\uFFFD"))
}

// otherName is what is folded is told under.
const otherName = callgraph.OtherOperation

// touch marks what is in use; most of the time it is so already.
func touch(used *atomic.Bool) {
	if !used.Load() {
		used.Store(true)
	}
}

// Operation is the process's own operation of that name, made where there is
// none; where there are too many it is callgraph.OtherOperation.
func (c *Counters) Operation(name string) *Operation {
	recent := &c.recent[recentOf(name)]
	if o := recent.Load(); o != nil && o.name == name {
		touch(&o.used)
		return o
	}
	o := c.lookUp(name)
	if o.name == name {
		recent.Store(o)
	}
	return o
}

// recentOf is a slot that needs no hash.
func recentOf(name string) int {
	n := len(name)
	if n == 0 {
		return 0
	}
	return (n + int(name[0]) + int(name[n-1])*5 + int(name[n/2])*3) & (recentOperations - 1)
}

func (c *Counters) lookUp(name string) *Operation {
	hash := maphash.String(c.seed, name)
	o := c.operations.find(&name, hash)
	if o == nil {
		o = c.makeOperation(name, hash)
	}
	touch(&o.used)
	return o
}

func (c *Counters) makeOperation(name string, hash uint64) *Operation {
	if clean := told(name); clean != name {
		return c.Operation(clean)
	}
	if name == otherName || c.operations.full(c.o.MaxOperations) {
		return c.other
	}
	name = strings.Clone(name) // it may be a part of something large
	o := c.operations.findOrMake(&name, hash, c.o.MaxOperations, func(o *Operation) { c.name(o, name) })
	return cmp.Or(o, c.other)
}

func (c *Counters) name(o *Operation, name string) {
	o.name = name
	o.id = callgraph.StaticIDOf(c.operation(o))
}

func (c *Counters) operation(o *Operation) callgraph.Operation {
	return callgraph.Operation{Service: c.o.Service, Name: o.name}
}

// Site is where the service calls that peer under that name of a client span.
// Where there are too many, the name is callgraph.OtherOperation, at last the
// peer's too.
func (c *Counters) Site(peer, name string) *Site {
	k := siteKey{peer, name}
	hash := maphash.String(c.seed, name) ^ maphash.String(c.seed, peer)<<1
	s := c.sites.find(&k, hash)
	if s == nil {
		s = c.makeSite(k, hash)
	}
	touch(&s.used)
	return s
}

// SiteOf is Site, but makes the peer's name only when it is new.
func (c *Counters) SiteOf(peer spanfact.Peer, name string) *Site {
	k := peerKey{peer, name}
	hash := bits.RotateLeft64(maphash.String(c.seed, name), 7) ^ peer.Hash(c.seed)
	if s := c.peers.find(&k, hash); s != nil {
		touch(&(*s).used)
		return *s
	}
	called := siteKey{peer.String(), name}
	s := c.Site(called.peer, called.name)
	if s.siteKey == called { // neither cut nor folded
		c.peers.findOrMake(&peerKey{peer.Clone(), s.name}, hash, c.o.MaxSites, func(at **Site) { *at = s })
	}
	return s
}

func (c *Counters) makeSite(k siteKey, hash uint64) *Site {
	if clean := (siteKey{told(k.peer), told(k.name)}); clean != k {
		return c.Site(clean.peer, clean.name)
	}
	limit := c.o.MaxSites
	switch {
	case k.peer == otherName:
		return c.elsewhere
	case k.name == otherName:
		limit += c.o.MaxSites / 4 // for the peers of those that are too many
	}
	if !c.sites.full(limit) {
		k = siteKey{strings.Clone(k.peer), strings.Clone(k.name)}
		if s := c.sites.findOrMake(&k, hash, limit, func(s *Site) { c.place(s, k) }); s != nil {
			return s
		}
	}
	if k.name == otherName {
		return c.elsewhere
	}
	return c.Site(k.peer, otherName)
}

func (c *Counters) place(s *Site, k siteKey) {
	s.siteKey = k
	s.id = callgraph.SiteIDOf(c.o.Service, c.virtual(s))
}

// virtual is the operation that the calls of a site go to, as far as their
// caller knows.
func (c *Counters) virtual(s *Site) callgraph.Operation {
	return callgraph.Operation{
		Service: callgraph.Service{Environment: c.o.Service.Environment, Name: s.peer},
		Name:    s.name,
		Node:    callgraph.Virtual,
	}
}

// tellEvery is how often a provisional name is told.
const tellEvery = time.Hour

// Tell makes an operation known whose ID went out in requests and that then got
// another name: a cell of no calls, at most once an hour.
func (c *Counters) Tell(provisional *Operation, s *Site, now int64) {
	last := provisional.told.Load()
	if last != 0 && now-last < int64(tellEvery) || !provisional.told.CompareAndSwap(last, max(now, 1)) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.names) < c.o.MaxOperations {
		c.names = append(c.names, callgraph.CellKey{
			Edge:   callgraph.Edge{Caller: c.operation(provisional), Callee: c.virtual(s)},
			Bucket: callgraph.Bucket{Start: bucketOf(now), Width: callgraph.HotWidth},
		})
	}
}
