package localtrace

// Judged is a local trace that was whole.
type Judged struct {
	TraceID  [16]byte
	Head     Head
	Entrance bool // its root has no parent
	Failed   bool // one of its calls did
}
