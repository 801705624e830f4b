// Package memory keeps chains and edges in memory, and decides that the
// storage contract needs no more than JimDB's commands: all that it knows lies
// in a [Server], which can only get, set and delete single values, keep hashes
// of fields, and expire values. There is no listing of keys, no increment, no
// transaction, no expiry of hashes.
//
// Layout. Hours are hours of arrival; a reader knows them by arithmetic, from
// the retention, and what to ask for in each from one hash:
//
//	id                         random ID of the server's data
//	spans:HOUR                 hash: writer → how many journal segments it has; 0 where it wrote keys only
//	journal:HOUR:WRITER:N      packed entries: trace, arrival, times, place in the trace's value
//	request:HASH:WRITER        set while an equal request is a repeated one
//	trace:TRACE:WRITER         frames, each one request's spans of the trace; only that writer extends it
//	short:SHORTID:WRITER       packed trace IDs
//	names:HOUR:WRITER          services and operations seen
//	edges:HOUR                 hash: bucket and writer → version of the bucket's cells
//	cells:BUCKET:WRITER        the bucket's cells
//	intent:WRITER              what the last interval changes, until that is done
//	marks:INSTANCE:WRITER      numbers of the instance's intervals that were written
//	checkpoint:WRITER          time of arrival before which cells are final
//	evidence                   hash: days that there is evidence of
//	evidence:DAY               hash: site, writer and source → record
//	key:DAY:WRITER:KEY         packed traces that carry a business key, with start and arrival; a day of arrival's part
//	carried:TRACE:WRITER       packed keys that a trace carries
//	value:WRITER:VALUE         packed keys of a value
package memory
