package callgraph

// Attributes that spans carry or that are derived from them at read.
const (
	AttributeCounted       = "jcg.counted"        // on a span: "client" or "server", the half its SDK counted
	AttributePeer          = "jcg.peer"           // on an exit span: the peer's name as the callee's tracestate has it, where the span's own attributes say more by now
	AttributeLate          = "jcg.late"           // on a span: true, kept after its verdict: no valid weight
	AttributeHeadThreshold = "jcg.head_th"        // on a local root that the head sampled, and on a span where an error turned th into 0: the head sampler's T
	AttributeLocalSpans    = "jcg.local.spans"    // on a local root: spans its local trace ended
	AttributeLocalDropped  = "jcg.local.dropped"  // on a local root: of those, spans that were dropped
	AttributeSoftError     = "jcg.soft_error"     // on a span: true, a business failure
	AttributeChainPrefix   = "jcg.chain."         // on a span, before a kind such as order: the business key of that kind, or a list of them
	AttributeOutcome       = "jcg.outcome"        // derived: ok, soft_error, error, timeout, rejected, cancelled
	AttributeOutcomeSource = "jcg.outcome.source" // derived: what said so: status, error.type, http.response.status_code …
	AttributeShortID       = "jcg.short_id"       // derived: eight hex digits
)
