package callgraph

import "strings"

// Service identifies a service: deployment.environment.name, service.namespace
// and service.name of its resource. The zero value is no service.
type Service struct {
	Environment string
	Namespace   string
	Name        string
}

// Resource attributes that identify a service. EnvironmentKeyOlder is read
// where a resource has no EnvironmentKey.
const (
	EnvironmentKey      = "deployment.environment.name"
	EnvironmentKeyOlder = "deployment.environment"
	NamespaceKey        = "service.namespace"
	ServiceKey          = "service.name"
)

// UnknownService is the name of a service whose resource names none.
const UnknownService = "unknown_service"

// String is environment/namespace/name with empty leading parts left out.
func (s Service) String() string {
	switch {
	case s.Environment != "":
		return strings.Join([]string{s.Environment, s.Namespace, s.Name}, "/")
	case s.Namespace != "":
		return s.Namespace + "/" + s.Name
	}
	return s.Name
}

// Node says how an operation is known.
type Node uint8

const (
	// Observed operations have spans of their own.
	Observed Node = iota
	// Virtual operations are peers that only their clients name.
	Virtual
	// Unknown is a caller whose span is named as a parent and never arrived.
	Unknown
	// Outside is the caller of an entrance: nothing in the traces calls it.
	Outside
	// Referred is a caller that its callee knows by static IDs only; the
	// operation's name is that of a Reference.
	Referred
)

// String is the value that APIs and metrics carry.
func (n Node) String() string {
	switch n {
	case Observed:
		return "observed"
	case Virtual:
		return "virtual"
	case Unknown:
		return "unknown"
	case Outside:
		return "outside"
	case Referred:
		return "referred"
	}
	return "invalid"
}

// Operation is a span name within a service. Unknown and Outside operations
// have neither service nor name; Referred ones have no service.
type Operation struct {
	Service Service
	Name    string
	Node    Node
}

// String is service and name, or the node where there is neither.
func (o Operation) String() string {
	switch o.Node {
	case Unknown, Outside:
		return "(" + o.Node.String() + ")"
	case Referred:
		return "(" + o.Node.String() + " " + o.Name + ")"
	case Virtual:
		return o.Service.String() + " (virtual) " + o.Name
	}
	return o.Service.String() + " " + o.Name
}

// Connection is the kind of transport between caller and callee.
type Connection uint8

const (
	// ConnectionUnset is a call whose spans name no transport.
	ConnectionUnset Connection = iota
	// HTTP calls have http.* attributes.
	HTTP
	// RPC calls have rpc.* attributes.
	RPC
	// Messaging calls go from a producer to a consumer span.
	Messaging
	// Database calls have db.* attributes.
	Database
)

// String is the value that APIs and metrics carry.
func (c Connection) String() string {
	switch c {
	case ConnectionUnset:
		return ""
	case HTTP:
		return "http"
	case RPC:
		return "rpc"
	case Messaging:
		return "messaging"
	case Database:
		return "database"
	}
	return "invalid"
}

// Edge is all calls from one operation to another over one connection type.
// It is comparable: equal edges are one edge.
type Edge struct {
	Caller     Operation
	Callee     Operation
	Connection Connection
}

// String is the edge as test cases write it.
func (e Edge) String() string {
	s := e.Caller.String() + " -> " + e.Callee.String()
	if e.Connection != ConnectionUnset {
		s += " [" + e.Connection.String() + "]"
	}
	return s
}
