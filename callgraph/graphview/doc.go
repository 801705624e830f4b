// Package graphview decides what the graph looks like in a window of time: it
// merges the cells of all writers in memory and answers which operations and
// services call which, how often, how they ended and how long they took.
//
// Calls that SDKs count come as two halves that do not name each other: the view
// joins them, see docs/adr/0016-joining-halves.md.
//
// A View holds a bounded number of cells. While an hour still changes its cells
// are kept as they came, ten seconds wide; hours that came to rest are sealed:
// their cells are added up to one per edge and outcome. Beyond the bound the
// oldest time is evicted and read from the store when somebody asks for it.
package graphview
