package graphview

import (
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// topology is who calls whom, as small integers: as it was counted, edge by
// edge; and as it is shown, joined, once between operations and once between
// services.
type topology struct {
	operations layer
	services   layer
	serviceOf  []uint32            // by operation: its service's node
	members    [][]uint32          // by service: its operations
	byName     map[string][]uint32 // service nodes by service.name

	edges   []edge             // as counted; histories have the same index
	edgeIDs map[edgeKey]uint32 // of those that are joined
	joints
}

// edge is one as it was counted.
type edge struct {
	edgeKey
	role  role
	heard bool   // the directory has all that it says
	site  uint32 // of the joints, where its role has one
	shown uint32 // link of the operations' layer; noLink until it is settled
	above uint32 // link of the services' layer
}

// edgeKey is an edge's identity; the caller is a reference where it is referred,
// else a node.
type edgeKey struct {
	caller, callee uint32
	connection     callgraph.Connection
	referred       bool
}

const noLink = ^uint32(0)

// layer is a directed graph; parallel links differ in their connection, and in
// being indirect.
type layer struct {
	nodes   []callgraph.Operation // of services: without a name
	links   []link
	out, in [][]uint32 // by node: links
	nodeIDs map[callgraph.Operation]uint32
	linkIDs map[linkKey]uint32
}

type linkKey struct {
	caller, callee uint32
	connection     callgraph.Connection
	indirect       bool
}

// link stands for edges; most for just one.
type link struct {
	caller, callee uint32
	first          uint32 // noLink where there is none
	connection     callgraph.Connection
	indirect       bool
	joined         bool // it has, or had, edges that are not plain
	more           []uint32
}

// edges yields what the link stands for.
func (l *link) edges(yield func(uint32) bool) {
	if l.first == noLink || !yield(l.first) {
		return
	}
	for _, e := range l.more {
		if !yield(e) {
			return
		}
	}
}

func (l *link) add(edge uint32, r role) {
	l.joined = l.joined || r != plain
	if l.first == noLink {
		l.first = edge
		return
	}
	l.more = append(l.more, edge)
}

func (l *link) remove(edge uint32) {
	last := len(l.more) - 1
	switch {
	case l.first == edge && last < 0:
		l.first = noLink
		return
	case l.first == edge:
		l.first = l.more[last]
	default:
		for i, e := range l.more {
			if e == edge {
				l.more[i] = l.more[last]
			}
		}
	}
	l.more = l.more[:last]
}

func newTopology(d *directory) *topology {
	return &topology{
		operations: newLayer(), services: newLayer(), byName: map[string][]uint32{},
		edgeIDs: map[edgeKey]uint32{}, joints: newJoints(d),
	}
}

func newLayer() layer {
	return layer{nodeIDs: map[callgraph.Operation]uint32{}, linkIDs: map[linkKey]uint32{}}
}

// edge is the one that stands for e, made if need be: shown once it is settled,
// at once where it needs no joining.
func (t *topology) edge(e callgraph.Edge) uint32 {
	key := edgeKey{callee: t.operation(e.Callee), connection: e.Connection, referred: e.Caller.Node == callgraph.Referred}
	if key.referred {
		key.caller = t.reference(e.Caller)
	} else {
		key.caller = t.operation(e.Caller)
	}
	role := roleOf(&e)
	id, known := t.known(key, role)
	if !known {
		id = uint32(len(t.edges))
		if role != plain {
			t.edgeIDs[key] = id
		}
		t.edges = append(t.edges, edge{edgeKey: key, role: role, shown: noLink, above: noLink})
		t.join(id)
	}
	return id
}

// known finds plain edges by the link that shows them: most are, and an index
// of their own would take as much again.
func (t *topology) known(key edgeKey, role role) (id uint32, known bool) {
	if role != plain {
		id, known = t.edgeIDs[key]
		return id, known
	}
	shown, known := t.operations.linkIDs[linkKey{key.caller, key.callee, key.connection, false}]
	if known {
		for id := range t.operations.links[shown].edges {
			if t.edges[id].edgeKey == key && t.edges[id].role == plain {
				return id, true
			}
		}
	}
	return 0, false
}

// show makes the edge a part of the links between two operations, and between
// their services.
func (t *topology) show(id uint32, key linkKey) {
	e := &t.edges[id]
	shown := t.operations.link(key)
	if e.shown == shown {
		return
	}
	above := t.services.link(linkKey{t.serviceOf[key.caller], t.serviceOf[key.callee], key.connection, key.indirect})
	if e.shown != noLink {
		t.operations.links[e.shown].remove(id)
		t.services.links[e.above].remove(id)
	}
	t.operations.links[shown].add(id, e.role)
	t.services.links[above].add(id, e.role)
	e.shown, e.above = shown, above
}

func (t *topology) operation(o callgraph.Operation) uint32 {
	if id, known := t.operations.nodeIDs[o]; known {
		return id
	}
	service := t.service(o)
	o.Service = t.services.nodes[service].Service // shares its strings
	o.Name = strings.Clone(o.Name)
	id := t.operations.addNode(o)
	t.serviceOf = append(t.serviceOf, service)
	t.members[service] = append(t.members[service], id)
	if o.Node == callgraph.Observed {
		t.named(o)
	}
	return id
}

func (t *topology) service(o callgraph.Operation) uint32 {
	o.Name = ""
	if id, known := t.services.nodeIDs[o]; known {
		return id
	}
	// Clones: the strings of cells may be parts of large buffers.
	o.Service = callgraph.Service{
		Environment: strings.Clone(o.Service.Environment),
		Namespace:   strings.Clone(o.Service.Namespace),
		Name:        strings.Clone(o.Service.Name),
	}
	id := t.services.addNode(o)
	t.members = append(t.members, nil)
	t.byName[o.Service.Name] = append(t.byName[o.Service.Name], id)
	return id
}

func (l *layer) addNode(o callgraph.Operation) uint32 {
	id := uint32(len(l.nodes))
	l.nodes = append(l.nodes, o)
	l.out, l.in = append(l.out, nil), append(l.in, nil)
	l.nodeIDs[o] = id
	return id
}

// link is the one of that key, made if it is not known.
func (l *layer) link(key linkKey) uint32 {
	id, known := l.linkIDs[key]
	if known {
		return id
	}
	id = uint32(len(l.links))
	l.links = append(l.links, link{caller: key.caller, callee: key.callee, connection: key.connection, indirect: key.indirect, first: noLink})
	l.linkIDs[key] = id
	l.out[key.caller] = append(l.out[key.caller], id)
	l.in[key.callee] = append(l.in[key.callee], id)
	return id
}

// find is the nodes that a focus names: services, or operations where it names one.
func (t *topology) find(f Focus) (*layer, []uint32) {
	services := t.matching(f)
	if f.Operation == "" {
		return &t.services, services
	}
	var found []uint32
	for _, s := range services {
		for _, o := range t.members[s] {
			if t.operations.nodes[o].Name == f.Operation {
				found = append(found, o)
			}
		}
	}
	return &t.operations, found
}

func (t *topology) matching(f Focus) []uint32 {
	var found []uint32
	for _, id := range t.byName[f.Service.Name] {
		s := t.services.nodes[id].Service
		if (f.Service.Environment == "" || f.Service.Environment == s.Environment) &&
			(f.Service.Namespace == "" || f.Service.Namespace == s.Namespace) {
			found = append(found, id)
		}
	}
	return found
}

// callgraphEdge is an edge as it was counted.
func (t *topology) callgraphEdge(id uint32) callgraph.Edge {
	e := &t.edges[id]
	counted := callgraph.Edge{Callee: t.operations.nodes[e.callee], Connection: e.connection}
	if e.referred {
		counted.Caller = t.references[e.caller].Operation()
	} else {
		counted.Caller = t.operations.nodes[e.caller]
	}
	return counted
}
