package calltree

import (
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// operationID stands for an operation in the joiner's nodes. The first ones
// are none at all and the callers that have no name.
type operationID uint32

const (
	noOperation operationID = iota
	outsideOperation
	unknownOperation
	pairedOperation // the exit span told this call, for good
	namedOperations
)

type serviceID uint32

// Bounds of names.
const (
	overflowName   = "(other)" // of the operations beyond the bound
	minOperations  = 1024
	spansPerNaming = 4 // of MaxSpans: how many distinct operations may be held
)

// names interns services and operations, so that nodes hold no pointers and
// each name is held once. Operations go with the last node that uses them,
// services with their last operation.
type names struct {
	operationIDs   map[operationKey]operationID
	operations     []operation
	freeOperations []operationID
	serviceIDs     map[callgraph.Service]serviceID
	services       []service
	freeServices   []serviceID
	bound          int    // of operations, and of services
	folded         uint64 // look-ups that got overflowName
}

type operationKey struct {
	service serviceID
	node    callgraph.Node
	name    string
}

type operation struct {
	callgraph.Operation
	key  operationKey
	refs uint32
}

type service struct {
	callgraph.Service
	key  callgraph.Service
	refs uint32
}

func newNames(bound int) *names {
	n := &names{
		operationIDs: map[operationKey]operationID{},
		operations:   make([]operation, namedOperations),
		serviceIDs:   map[callgraph.Service]serviceID{},
		services:     make([]service, 1), // no service is 0
		bound:        max(bound, minOperations),
	}
	n.operations[outsideOperation].Node = callgraph.Outside
	n.operations[unknownOperation].Node = callgraph.Unknown
	return n
}

// holdService returns the ID of a service; releaseService gives it back.
func (n *names) holdService(s callgraph.Service) serviceID {
	s = callgraph.Service{Environment: callgraph.ClipName(s.Environment), Namespace: callgraph.ClipName(s.Namespace), Name: callgraph.ClipName(s.Name)}
	id, known := n.serviceIDs[s]
	if !known {
		id = n.addService(s)
	}
	n.services[id].refs++
	return id
}

func (n *names) addService(s callgraph.Service) serviceID {
	if len(n.serviceIDs) >= n.bound {
		n.folded++
		s = callgraph.Service{Name: overflowName}
		if id, known := n.serviceIDs[s]; known {
			return id
		}
	}
	key := callgraph.Service{
		Environment: strings.Clone(s.Environment), Namespace: strings.Clone(s.Namespace), Name: strings.Clone(s.Name),
	}
	shown := callgraph.Service{Environment: valid(key.Environment), Namespace: valid(key.Namespace), Name: valid(key.Name)}
	id := takeFree(&n.freeServices, &n.services)
	n.services[id] = service{Service: shown, key: key}
	n.serviceIDs[key] = id
	return id
}

func (n *names) releaseService(id serviceID) {
	s := &n.services[id]
	if s.refs--; s.refs > 0 {
		return
	}
	delete(n.serviceIDs, s.key)
	*s = service{}
	n.freeServices = append(n.freeServices, id)
}

// holdOperation returns the ID of an operation of a held service; release
// gives it back.
func (n *names) holdOperation(s serviceID, node callgraph.Node, name string) operationID {
	key := operationKey{service: s, node: node, name: callgraph.ClipName(name)}
	id, known := n.operationIDs[key]
	if !known {
		id = n.addOperation(key)
	}
	n.operations[id].refs++
	return id
}

func (n *names) addOperation(key operationKey) operationID {
	if len(n.operationIDs) >= n.bound && key.name != overflowName {
		n.folded++
		key.name = overflowName
		if id, known := n.operationIDs[key]; known {
			return id
		}
	}
	key.name = strings.Clone(key.name)
	id := takeFree(&n.freeOperations, &n.operations)
	n.operations[id] = operation{
		Operation: callgraph.Operation{Service: n.services[key.service].Service, Name: valid(key.name), Node: key.node},
		key:       key,
	}
	n.services[key.service].refs++
	n.operationIDs[key] = id
	return id
}

// hold counts one more user of an operation.
func (n *names) hold(id operationID) operationID {
	if id >= namedOperations {
		n.operations[id].refs++
	}
	return id
}

func (n *names) release(id operationID) {
	if id < namedOperations {
		return
	}
	o := &n.operations[id]
	if o.refs--; o.refs > 0 {
		return
	}
	delete(n.operationIDs, o.key)
	n.releaseService(o.key.service)
	*o = operation{}
	n.freeOperations = append(n.freeOperations, id)
}

func (n *names) operation(id operationID) callgraph.Operation { return n.operations[id].Operation }

func (n *names) serviceOf(id operationID) serviceID { return n.operations[id].key.service }

// takeFree is an index of entries that nobody uses.
func takeFree[ID ~uint32, E any](free *[]ID, entries *[]E) ID {
	if last := len(*free) - 1; last >= 0 {
		id := (*free)[last]
		*free = (*free)[:last]
		return id
	}
	var zero E
	*entries = append(*entries, zero)
	return ID(len(*entries) - 1)
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
