// Package simulate decides what a company's traces look like, and knows the
// truth about them: which calls are strong dependencies and which weak, how
// often everything runs, where each failure began, which traces belong to one
// order. All of it follows from a seed.
//
// A chain is simulated first and becomes spans only where an SDK of ours would
// have kept them, by package sampler's own rule; so a chain that nobody keeps
// is cheap. Spans leave in batches as processes send them, with clocks that
// differ and losses where that is asked for.
package simulate
