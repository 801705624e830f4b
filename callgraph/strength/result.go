package strength

import (
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
)

// Result says how a call ended, as evidence has it.
type Result uint8

const (
	// Succeeded calls went well.
	Succeeded Result = iota
	// Faulted ones did not, and have a class.
	Faulted
	// Cancelled ones were given up, which says nothing of them.
	Cancelled
)

// ResultOf is the result of the exit span that f tells of, and the class of a
// faulted one.
func ResultOf(f *spanfact.Facts, status spanfact.Status) (Result, Class) {
	switch outcome, _ := f.Outcome(status); outcome {
	case callgraph.OK:
		return Succeeded, 0
	case callgraph.Cancelled:
		return Cancelled, 0
	case callgraph.Timeout:
		return Faulted, Timeout
	case callgraph.SoftError:
		return Faulted, Soft
	}
	switch {
	case f.ShedLoad():
		return Faulted, Shed
	case f.CallerAtFault():
		return Faulted, Rejected
	}
	return Faulted, Error
}
