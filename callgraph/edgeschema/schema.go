package edgeschema

import "math"

// Prefix is what the names of all metrics of the schema begin with.
const Prefix = "jcallgraph.edge."

// Names of the metrics.
const (
	Calls              = Prefix + "calls"
	ClientDuration     = Prefix + "client.duration"
	ServerDuration     = Prefix + "server.duration"
	QueueDuration      = Prefix + "queue.duration"
	ServerOnlyCalls    = Prefix + "server_only_calls"
	ProvisionalCalls   = Prefix + "provisional_calls"
	WeightUnknownCalls = Prefix + "weight_unknown_calls"
)

// Units of the metrics.
const (
	UnitSeconds = "s"
	UnitCalls   = "{call}"
)

// The instrumentation scope.
const (
	ScopeName    = "jcallgraph.edge"
	ScopeVersion = "1" // of the schema
)

// Attributes of the resource, of the scope, and of the points.
const (
	AttributeWriter = "jcg.writer" // resource: 16 hex digits; cumulative only
	AttributeSource = "jcg.source" // resource: derived or sdk

	AttributeSequence = "jcg.sequence"        // scope: int; cumulative only
	AttributeInterval = "jcg.interval"        // scope: int; delta only
	AttributeInstance = "service.instance.id" // resource: whose intervals; delta only

	AttributeConnection = "jcg.connection" // point
	AttributeOutcome    = "jcg.outcome"    // point
	AttributeOpened     = "jcg.opened"     // point: Unix seconds; cumulative only
	AttributeClosed     = "jcg.closed"     // point of Calls: Unix seconds
	AttributeFolded     = "jcg.folded"     // point of Calls: true
	AttributeSumNanos   = "jcg.sum_nanos"  // point of a duration, where a double is too short
)

// Ends of an edge, before the attributes of an operation.
const (
	ClientEnd = "client."
	ServerEnd = "server."
)

// Attributes of an operation, after the name of its end.
const (
	EndService     = "service.name"
	EndNamespace   = "service.namespace"
	EndEnvironment = "deployment.environment.name"
	EndOperation   = "operation.name"
	EndNode        = "node"
)

// Nanos is a point's sum of seconds in nanoseconds, false where it is none or too
// great. Where it is not the sum that was counted, AttributeSumNanos has that.
func Nanos(seconds float64) (uint64, bool) {
	n := math.Round(seconds * 1e9)
	return uint64(n), n >= 0 && n < 1<<63
}
