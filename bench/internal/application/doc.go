// Package application is a traced application for benchmarks: a few services
// that call each other with real trace headers, each with an SDK of its own, in
// one process. It decides what they do, and knows what a collector has to find:
// how often which service called which.
package application
