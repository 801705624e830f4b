package query

import (
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// siteOf is the call site of a span; made is false where the span is no call, as
// an exit span around another one of its service is none.
func siteOf(n *calltree.Node) (site strength.Site, made bool) {
	if !exits(n) {
		return site, false
	}
	for _, child := range n.Children {
		if exits(child) && child.Service == n.Service {
			return site, false
		}
	}
	peer := calltree.PeerOf(n.Span, n.Service)
	return strength.Site{
		Caller: localRoot(n).Operation(),
		Callee: strength.Callee{Peer: peer.Service.Name, Operation: peer.Name, Connection: calltree.ConnectionOf(n.Span)},
	}, true
}

func exits(n *calltree.Node) bool { return spanfact.Kind(n.Span.Kind()).Exit() }

// localRoot is the entry span that a span works for, else the topmost one of its service.
func localRoot(n *calltree.Node) *calltree.Node {
	for n.Parent != nil && n.Parent.Service == n.Service && !spanfact.Kind(n.Span.Kind()).Entry() {
		n = n.Parent
	}
	return n
}

// peerOf is the virtual operation that a site's calls go to as long as nobody
// answers them.
func peerOf(site strength.Site) callgraph.Operation {
	return callgraph.Operation{
		Service: callgraph.Service{Environment: site.Caller.Service.Environment, Name: site.Callee.Peer},
		Name:    site.Callee.Operation, Node: callgraph.Virtual,
	}
}
