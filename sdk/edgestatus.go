package sdk

// status is what /debug/jcallgraph and the SDK's metrics tell of the counts.
func (e *edges) status() EdgeStatus {
	if e == nil {
		return EdgeStatus{}
	}
	c, s := e.counters.Stats(), e.sender.Stats()
	return EdgeStatus{
		Top:     e.watch.top(),
		Counted: true, Cells: int64(c.Cells), Edges: int64(c.Edges), Intervals: c.Intervals, Refused: s.Refused, Uncertain: s.Uncertain,
		Folded: c.Folded.Callers + c.Folded.Entrances + c.Folded.Operations + c.Folded.Peers,
	}
}
