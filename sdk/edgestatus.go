package sdk

// status is what /debug/jcallgraph and the SDK's metrics tell of the counts.
func (e *edges) status() EdgeStatus { return EdgeStatus{Counted: e != nil} }
