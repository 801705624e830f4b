package dependency

import (
	"hash/maphash"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// operation and callee are names that are held once each. Two of the same name
// are possible, after the table was full; sites are known by their IDs.
type operation struct {
	callgraph.Operation
	raw     string // as it came
	service uint64
}

type callee struct {
	strength.Callee
	peer spanfact.Peer
	raw  string
}

// names finds what is held by hash. When one of its tables is full it begins
// anew: what is in use is held by those who use it.
type names struct {
	bound      int
	operations map[uint64]*operation
	callees    map[uint64]*callee
}

func newNames(bound int) *names {
	return &names{bound: bound, operations: map[uint64]*operation{}, callees: map[uint64]*callee{}}
}

func (n *names) operation(s *seen, seed maphash.Seed) *operation {
	hash := maphash.String(seed, s.name) ^ s.service.hash
	if o := n.operations[hash]; o != nil && o.raw == s.name && o.service == s.service.hash {
		return o
	}
	o := &operation{
		Operation: callgraph.Operation{Service: cleanService(s.service.Service), Name: clean(s.name)},
		raw:       strings.Clone(s.name), service: s.service.hash,
	}
	if len(n.operations) >= n.bound {
		clear(n.operations)
	}
	n.operations[hash] = o
	return o
}

func (n *names) callee(s *seen) *callee {
	if c := n.callees[s.hash]; c != nil && c.raw == s.name && c.Connection == s.over && c.peer == s.peer {
		return c
	}
	c := &callee{
		Callee: strength.Callee{Peer: clean(s.peer.String()), Operation: clean(s.name), Connection: s.over},
		peer:   s.peer.Clone(), raw: strings.Clone(s.name),
	}
	if len(n.callees) >= n.bound {
		clear(n.callees)
	}
	n.callees[s.hash] = c
	return c
}

func cleanService(s callgraph.Service) callgraph.Service {
	return callgraph.Service{Environment: clean(s.Environment), Namespace: clean(s.Namespace), Name: clean(s.Name)}
}

// clean copies a name as records take it.
func clean(s string) string {
	return strings.Clone(callgraph.CleanName(s))
}
