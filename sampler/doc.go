// Package sampler decides which spans leave the process: every failed one, and
// one in N of the others, each with the threshold that tells how many it stands
// for. The expected weight is 1 for every class of span.
//
// A span is decided when all is known of it, the randomness R of its trace
// excluded. What Keep keeps leaves with th:0. Of the rest those leave that Head
// sampled, with the threshold T that R met. All others are discarded.
//
// Thresholds and randomness are those of OpenTelemetry's consistent probability
// sampling, so that processes with different N keep nested sets of traces:
// https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
package sampler
