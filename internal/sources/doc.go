// Package sources holds the tests of what sends spans: applications traced by
// the unmodified SDKs of four languages, Jaeger's and Zipkin's clients, Kafka,
// and another collector. Each sends the same 25 calls of one service to another,
// five of which fail; all 25 must show up with the right parents and one edge
// with the exact counts. What they run is what docs/trace-your-app.md tells.
package sources
