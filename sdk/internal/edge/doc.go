// Package edge decides how an SDK counts the calls of its process: every half
// of every edge, before sampling, under its own outcome, in buckets of ten
// seconds of event time; exactly, at the cost of some tens of nanoseconds; in
// bounded memory, in which operations are folded and never a service's totals;
// and told in intervals that are sent again until they are acknowledged, each
// with a number under which it counts once (docs/spec/edge-metrics.md).
package edge
