package calltree

import "github.com/jcallgraph/jcallgraph/callgraph"

const (
	maxKeptCalls = 1 << 14
	maxKeptNodes = 1 << 14 // 2 MB
)

// take hands over what was yielded. Two slices take turns, since Add may yield
// retractions while the caller still reads; much memory is not kept.
func (j *Joiner) take() []callgraph.Call {
	calls := j.yielded
	j.yielded, j.taken = j.taken[:0], calls
	if cap(calls) > maxKeptCalls {
		j.taken = nil
	}
	return calls
}

// rest gives back the memory of a busy time once nothing is held.
func (j *Joiner) rest() {
	idle := j.nodes.live == 0 && len(j.ready) == 0 && len(j.doubted) == 0 && j.links.empty()
	if !idle || j.nodes.used <= maxKeptNodes {
		return
	}
	j.nodes, j.links = newSlab(), newLinks(j.options.MaxSpans)
	j.window, j.late = ring{}, ring{}
	j.ready, j.doubted = nil, nil
}
