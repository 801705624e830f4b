package graphview

import (
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// topology is who calls whom, as small integers: once between operations and
// once between services.
type topology struct {
	operations layer
	services   layer
	serviceOf  []uint32            // by operation: its service's node
	members    [][]uint32          // by service: its operations
	byName     map[string][]uint32 // service nodes by service.name
}

// layer is a directed graph; parallel links differ in their connection.
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
}

// link stands for links of the operations' layer: itself, or those between two
// services, of which most have just one.
type link struct {
	linkKey
	first uint32
	more  []uint32
}

// edges yields what the link stands for.
func (l *link) edges(yield func(uint32) bool) {
	if !yield(l.first) {
		return
	}
	for _, e := range l.more {
		if !yield(e) {
			return
		}
	}
}

func newTopology() *topology {
	return &topology{operations: newLayer(), services: newLayer(), byName: map[string][]uint32{}}
}

func newLayer() layer {
	return layer{nodeIDs: map[callgraph.Operation]uint32{}, linkIDs: map[linkKey]uint32{}}
}

// edge is the link of the operations' layer that stands for e, made if need be.
func (t *topology) edge(e callgraph.Edge) uint32 {
	key := linkKey{t.operation(e.Caller), t.operation(e.Callee), e.Connection}
	id, known := t.operations.link(key, uint32(len(t.operations.links)))
	if known {
		return id
	}
	between := linkKey{t.serviceOf[key.caller], t.serviceOf[key.callee], e.Connection}
	if s, known := t.services.link(between, id); known {
		t.services.links[s].more = append(t.services.links[s].more, id)
	}
	return id
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

// link is the one of that key, made to stand for first if it is not known.
func (l *layer) link(key linkKey, first uint32) (id uint32, known bool) {
	if id, known = l.linkIDs[key]; known {
		return id, true
	}
	id = uint32(len(l.links))
	l.links = append(l.links, link{linkKey: key, first: first})
	l.linkIDs[key] = id
	l.out[key.caller] = append(l.out[key.caller], id)
	l.in[key.callee] = append(l.in[key.callee], id)
	return id, false
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

func (t *topology) callgraphEdge(id uint32) callgraph.Edge {
	l := &t.operations.links[id]
	return callgraph.Edge{Caller: t.operations.nodes[l.caller], Callee: t.operations.nodes[l.callee], Connection: l.connection}
}
