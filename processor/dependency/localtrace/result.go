package localtrace

import (
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// ResultOf is how the call of a span ended, and the class of a failed one. What
// nobody waited for any more is Cancelled.
func ResultOf(n *calltree.Node) (strength.Result, strength.Class) {
	if o, _ := n.Outcome(); o == callgraph.Cancelled {
		return strength.Cancelled, 0
	}
	return strength.ResultOf(calltree.Facts(n.Span))
}
