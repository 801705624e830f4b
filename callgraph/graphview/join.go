package graphview

import (
	"cmp"
	"slices"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// role says which halves of calls an edge counts, and so how it is joined.
type role uint8

const (
	// plain edges name both their ends.
	plain role = iota
	// client halves name a peer, not who answers there.
	client
	// folded client halves have lost their peer's site.
	folded
	// server halves have a caller that is known by static IDs, and the site.
	server
	// apart are server halves that no site joins: indirect ones, and those that
	// were told none.
	apart
)

// joints are the sites at which the halves of calls meet.
type joints struct {
	directory  *directory
	seen       uint64 // version of the directory that all is settled by
	references []callgraph.Reference
	refIDs     map[callgraph.Reference]uint32
	sites      []site
	siteIDs    map[callgraph.StaticID]uint32
	byCaller   map[callgraph.StaticID][]uint32 // edges by the caller that they refer to
	folded     map[uint32][]uint32             // folded edges by the service's node
	dirty      []uint32                        // sites to settle
	loose      []uint32                        // edges apart to settle
}

// site has the edges of one, by who counts.
type site struct {
	id               callgraph.StaticID
	clients, servers []uint32
	service          uint32 // node of the calling service; noLink where nobody told it
	several          bool   // callees: then servers say how often which was called
	dirty            bool
}

func newJoints(d *directory) joints {
	return joints{
		directory: d, seen: d.now(), refIDs: map[callgraph.Reference]uint32{}, siteIDs: map[callgraph.StaticID]uint32{},
		byCaller: map[callgraph.StaticID][]uint32{}, folded: map[uint32][]uint32{},
	}
}

// reference of a Referred operation; one that is none refers to nobody.
func (t *topology) reference(o callgraph.Operation) uint32 {
	r, err := callgraph.ParseReference(o.Name)
	if err != nil {
		r = callgraph.Reference{}
	}
	id, known := t.refIDs[r]
	if !known {
		id = uint32(len(t.references))
		t.references = append(t.references, r)
		t.refIDs[r] = id
	}
	return id
}

// join gives a new edge its role and tells the directory what it says.
func (t *topology) join(id uint32) {
	e := &t.edges[id]
	switch e.role {
	case plain, folded:
		t.show(id, linkKey{e.caller, e.callee, e.connection, false})
	case client:
		caller := t.operations.nodes[e.caller]
		e.site = t.site(callgraph.SiteIDOf(caller.Service, t.operations.nodes[e.callee]))
		t.sites[e.site].clients = append(t.sites[e.site].clients, id)
		t.touch(e.site)
		t.news(t.directory.belongs(t.sites[e.site].id, callgraph.StaticIDOf(caller)))
	case server:
		r := t.references[e.caller]
		e.site = t.site(r.Site)
		t.sites[e.site].servers = append(t.sites[e.site].servers, id)
		t.touch(e.site)
		t.news(t.directory.called(r.Site, callgraph.StaticIDOf(t.operations.nodes[e.callee])))
	case apart:
		t.loose = append(t.loose, id)
	}
	if e.role == folded {
		service := t.serviceOf[e.caller]
		t.folded[service] = t.sorted(append(t.folded[service], id))
	}
	if e.referred {
		caller := t.references[e.caller].Caller
		t.byCaller[caller] = append(t.byCaller[caller], id)
	}
	e.heard = e.role != client
}

func roleOf(e *callgraph.Edge) role {
	switch {
	case e.Caller.Node == callgraph.Referred:
		// One that is no reference refers to nobody.
		if r, err := callgraph.ParseReference(e.Caller.Name); err != nil || r.Indirect || r.Site == 0 {
			return apart
		}
		return server
	case e.Caller.Node != callgraph.Observed || e.Callee.Node != callgraph.Virtual:
		return plain
	case e.Callee.Name == callgraph.OtherOperation:
		return folded
	}
	return client
}

func (t *topology) site(id callgraph.StaticID) uint32 {
	n, known := t.siteIDs[id]
	if !known {
		n = uint32(len(t.sites))
		t.sites = append(t.sites, site{id: id, service: noLink})
		t.siteIDs[id] = n
	}
	return n
}

func (t *topology) touch(site uint32) {
	if s := &t.sites[site]; !s.dirty {
		s.dirty = true
		t.dirty = append(t.dirty, site)
	}
}

// counts tells the directory that an edge has client halves, and not just names.
func (t *topology) counts(id uint32) {
	e := &t.edges[id]
	e.heard = true
	caller := callgraph.StaticIDOf(t.operations.nodes[e.caller])
	if t.news(t.directory.calling(t.sites[e.site].id, caller, e.connection)) {
		t.touch(e.site)
	}
}

// learn takes in what a cell says of names and sites, and none of its counts.
func (t *topology) learn(c *callgraph.Cell) {
	for _, o := range []*callgraph.Operation{&c.Edge.Caller, &c.Edge.Callee} {
		if _, known := t.operations.nodeIDs[*o]; !known && o.Node == callgraph.Observed {
			t.named(cloned(*o))
		}
	}
	switch roleOf(&c.Edge) {
	case server:
		r, _ := callgraph.ParseReference(c.Edge.Caller.Name)
		t.touchIf(r.Site, t.news(t.directory.called(r.Site, callgraph.StaticIDOf(c.Edge.Callee))))
	case client:
		id, caller := callgraph.SiteIDOf(c.Edge.Caller.Service, c.Edge.Callee), callgraph.StaticIDOf(c.Edge.Caller)
		t.touchIf(id, t.news(t.directory.belongs(id, caller)))
		if c.Calls() > 0 {
			t.touchIf(id, t.news(t.directory.calling(id, caller, c.Edge.Connection)))
		}
	}
}

func cloned(o callgraph.Operation) callgraph.Operation {
	for _, s := range []*string{&o.Service.Environment, &o.Service.Namespace, &o.Service.Name, &o.Name} {
		*s = strings.Clone(*s)
	}
	return o
}

func (t *topology) touchIf(id callgraph.StaticID, news bool) {
	if site, known := t.siteIDs[id]; known && news {
		t.touch(site)
	}
}

// named tells the directory an operation, and all who refer to it.
func (t *topology) named(o callgraph.Operation) {
	id := callgraph.StaticIDOf(o)
	if t.news(t.directory.name(id, o)) {
		t.resettle(t.byCaller[id])
	}
}

// news is noted as settled where nobody else brought any: what it changes here is
// touched.
func (t *topology) news(version uint64, news bool) bool {
	if news && version == t.seen+1 {
		t.seen = version
	}
	return news
}

func (t *topology) resettle(edges []uint32) {
	for _, id := range edges {
		if t.edges[id].role == server {
			t.touch(t.edges[id].site)
		} else {
			t.loose = append(t.loose, id)
		}
	}
}

// settle shows what was touched where it belongs by now.
func (t *topology) settle() {
	for len(t.dirty) > 0 || len(t.loose) > 0 { // settling may name operations
		dirty, loose := t.dirty, t.loose
		t.dirty, t.loose = nil, nil
		for _, id := range dirty {
			t.settleSite(id)
		}
		for _, id := range loose {
			t.settleApart(id)
		}
	}
}

// settleAll is settle for when others taught the directory.
func (t *topology) settleAll() {
	t.seen = t.directory.now()
	for id := range t.sites {
		t.touch(uint32(id))
	}
	for id := range t.edges {
		if t.edges[id].role == apart {
			t.loose = append(t.loose, uint32(id))
		}
	}
	t.settle()
}

func (t *topology) settleSite(id uint32) {
	s := &t.sites[id]
	s.dirty = false
	f := t.directory.site(s.id)
	s.several = f.several
	callee, one := t.directory.operation(f.callee)
	s.service = noLink
	if whose, told := t.directory.operation(f.whose); told {
		s.service = t.serviceOf[t.operation(whose)]
	}
	for _, c := range t.sorted(s.clients) {
		e := &t.edges[c]
		key := linkKey{e.caller, e.callee, e.connection, false}
		if one && !f.several {
			key.callee = t.operation(callee)
		}
		t.show(c, key)
	}
	for _, c := range s.servers {
		e := &t.edges[c]
		caller := t.operation(t.directory.caller(t.references[e.caller], f))
		key := linkKey{caller, e.callee, e.connection, false}
		if len(f.callers) > 0 {
			key.connection = f.connection
		}
		t.show(c, key)
	}
}

// sorted orders edges by their names: what is taken off them goes by that order,
// not by the one in which they came.
func (t *topology) sorted(edges []uint32) []uint32 {
	slices.SortFunc(edges, func(a, b uint32) int {
		x, y := &t.edges[a], &t.edges[b]
		return cmp.Or(compare(t.operations.nodes[x.caller], t.operations.nodes[y.caller]),
			compare(t.operations.nodes[x.callee], t.operations.nodes[y.callee]), cmp.Compare(x.connection, y.connection))
	})
	return edges
}

func (t *topology) settleApart(id uint32) {
	e := &t.edges[id]
	r := t.references[e.caller]
	caller := t.operation(t.directory.caller(r, facts{}))
	t.show(id, linkKey{caller, e.callee, e.connection, r.Indirect})
}
