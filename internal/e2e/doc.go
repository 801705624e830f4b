// Package e2e holds the tests of the built collector: what a user's machine
// would see of it, through its ports, its output and its exit code. They run
// build/jcallgraph, or the binary that JCG_BINARY names, and skip without.
package e2e
