// Package export makes the exporters that a setting asks for. What it leaves open
// OTel's take from the OTEL_EXPORTER_OTLP_ variables.
package export
