package localtrace

import (
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

func ResultOf(n *calltree.Node) (Result, strength.Class) { return OK, 0 }
