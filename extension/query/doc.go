// Package query decides what is answered about chains and edges over HTTP: the
// parts of Jaeger's API that Jaeger's UI and Grafana use, with the same shapes,
// and an API of our own for the graph. It reads a store by its contract and the
// merged graph in memory; it never writes, but for a business key that it is
// allowed to erase.
//
// Questions of the graph that name no time are about the last hour; every answer
// says which window it covers, as of when, and whether something was left out.
package query
