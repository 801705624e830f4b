// Package edgeschema decides how the metrics of edges are called: version 1 of
// docs/spec/edge-metrics.md as constants, for those who write them (SDKs,
// connector) and those who read them (edgemetric). It imports the
// standard library only, so that an application with the SDK links no pdata.
package edgeschema
