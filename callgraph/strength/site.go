package strength

import "github.com/jcallgraph/jcallgraph/callgraph"

// Site is a call site: where an operation calls a peer, as the client side
// sees it. A failed call often has no server span, or one of another name.
type Site struct {
	// Caller is the operation that handles the request in the calling process:
	// the name of its local root.
	Caller callgraph.Operation
	Callee Callee
}

// Callee is the far side of a site as the exit span names it.
type Callee struct {
	Peer       string // spanfact's name of the peer
	Operation  string // the exit span's name
	Connection callgraph.Connection
}

// ID is a 64-bit hash of the site's names. The connection has no part in it: the
// span of a call that failed early may not name it.
func (s Site) ID() callgraph.StaticID {
	o := s.Caller
	return callgraph.HashNames(o.Service.Environment, o.Service.Namespace, o.Service.Name, o.Name, s.Callee.Peer, s.Callee.Operation)
}

// String is the site as test cases write it.
func (s Site) String() string {
	text := s.Caller.String() + " -> " + s.Callee.Peer + " " + s.Callee.Operation
	if s.Callee.Connection != callgraph.ConnectionUnset {
		text += " [" + s.Callee.Connection.String() + "]"
	}
	return text
}
