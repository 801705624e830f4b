// Package callgraph is the vocabulary of the invocation graph: services,
// operations, calls and edges as plain values, and the exact counts of them.
// It decides what an edge is and how its counts add up; it knows no clock, no
// lock and no framework.
package callgraph
