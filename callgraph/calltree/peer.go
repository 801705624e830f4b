package calltree

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
)

// UnknownPeer is the name of the peer of an exit span that names none.
const UnknownPeer = spanfact.UnknownPeer

// ServiceOf is the service that a resource describes.
func ServiceOf(resource pcommon.Resource) callgraph.Service {
	attributes := resource.Attributes()
	s := callgraph.Service{
		Environment: text(attributes, callgraph.EnvironmentKey),
		Namespace:   text(attributes, callgraph.NamespaceKey),
		Name:        text(attributes, callgraph.ServiceKey),
	}
	if s.Environment == "" {
		s.Environment = text(attributes, callgraph.EnvironmentKeyOlder)
	}
	if s.Name == "" {
		s.Name = callgraph.UnknownService
	}
	return s
}

func text(attributes pcommon.Map, key string) string {
	v, ok := attributes.Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

// ConnectionOf is the kind of transport that a span's attributes name. Of
// several the one that says most wins: a database spoken to over HTTP is a
// database. Producers and consumers are messaging, whatever else they say.
func ConnectionOf(span ptrace.Span) callgraph.Connection { return factsOf(span).Connection() }

// PeerOf is the virtual operation that an exit span of the given service
// calls: the peer as the span's attributes name it, in its caller's
// environment, and the span's own name.
func PeerOf(span ptrace.Span, caller callgraph.Service) callgraph.Operation {
	return callgraph.Operation{
		Service: callgraph.Service{Environment: caller.Environment, Name: factsOf(span).PeerName()},
		Name:    span.Name(),
		Node:    callgraph.Virtual,
	}
}
