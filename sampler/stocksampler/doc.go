// Package stocksampler decides for OpenTelemetry's own Go SDK which spans leave
// the process: every failed one with its local trace, and one in N of the
// others, as package sampler has it.
//
// A sampler cannot know at a span's start that it will fail. So a Stock records
// every span, and samples at the start only what its rate does. Its processor
// holds the ended spans of a local trace, the trace's spans in this process,
// until one of them is to be kept or all have ended. What leaves is a copy with
// the sampled flag and the threshold (tracestate ot=th) set; the live span
// context, and with it what is propagated, is never changed.
package stocksampler
