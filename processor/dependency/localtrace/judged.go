package localtrace

import "github.com/jcallgraph/jcallgraph/callgraph"

// Judged is a local trace that was whole.
type Judged struct {
	TraceID  [16]byte
	Service  callgraph.Service
	Head     Head
	Entrance bool // its root has no parent
	Failed   bool // one of its calls did
	Erred    bool // a span of it did, or had a soft error: it may have been kept for that
}
