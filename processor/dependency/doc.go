// Package dependency tells what becomes of a caller when a call of it fails.
// It reads spans as they stream in, judges each local trace (the spans of one
// trace in one process) once it is known to be whole, and adds up evidence by
// call site, from which callgraph/strength makes verdicts.
//
// It has no clock and does no I/O: whoever uses it says what time it is.
package dependency
