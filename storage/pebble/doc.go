// Package pebble decides how chains and edges lie in an embedded store: a
// folder that one process has, by way of github.com/cockroachdb/pebble.
//
// Requests that come together are written as one segment by one durable
// commit (package segment). Segments are numbered as they arrive; some 65,536
// spans of one hour of arrival make a chunk, whose indexes are derived from
// its segments and written behind (package chunk). The youngest segments are
// indexed in memory; after a crash that index is made again. Retention drops
// the oldest chunks. Hashes of the requests of the last ten minutes lie beside
// their segments, so that a repeated one is known, after a crash too. Cells lie
// under their own keys, ordered by the time that they count.
//
// A business key's traces lie by value, kind, environment, start; a trace's keys
// under its ID; links both ways. Evidence lies by day, site and writer. What is
// erased is deleted or written anew, and the old bytes are then driven out of
// tables, logs and the list of tables.
package pebble
