// Package edgemetric decides how the counts of edges travel as OpenTelemetry
// metrics, and how Prometheus sees them. The schema is version 1 of
// docs/spec/edge-metrics.md.
package edgemetric
