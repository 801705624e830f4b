package localtrace

import (
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// Result says how a call ended.
type Result uint8

const (
	// OK calls went well.
	OK Result = iota
	// Failed ones did not, and have a class.
	Failed
	// Aborted ones were given up, which says nothing of them.
	Aborted
)

// ResultOf is how the call of an exit span ended, and with what class of failure.
func ResultOf(n *calltree.Node) (Result, strength.Class) {
	switch outcome, source := n.Outcome(); outcome {
	case callgraph.OK:
		return OK, 0
	case callgraph.SoftError:
		return Failed, strength.Soft
	case callgraph.Timeout:
		return Failed, strength.Timeout
	case callgraph.Cancelled:
		return Aborted, 0
	default:
		if strings.HasSuffix(source, calltree.SourceShedLoad) {
			return Failed, strength.Shed
		}
		if outcome == callgraph.Rejected {
			return Failed, strength.Rejected
		}
		return Failed, strength.Error
	}
}
