// Package export makes the exporters of OTel's that a setting asks for. What
// the setting leaves open they take from the OTEL_EXPORTER_OTLP_ variables.
package export
