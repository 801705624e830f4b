// Package calltree decides which spans are calls. It reads traces as trees
// and pairs client with server spans as they stream in; both give the same
// calls.
//
// It holds no clock, takes no lock and does no I/O: whoever uses it says what
// time it is. Spans stay pdata; nodes point into it.
//
// # What is a call
//
// Exit spans (CLIENT, PRODUCER) leave their service, entry spans (SERVER,
// CONSUMER) enter one; all others are steps within a service.
//
//   - A pair is an entry span under an exit span, or a CONSUMER that links to
//     a PRODUCER: one call for each link, since a batch holds one message a
//     link. A callee in the caller's own service is a call like any other.
//   - One exit span makes one call. Of several entry spans it belongs to the
//     one that starts first, then to the smallest span ID; each other is a
//     call that only its callee saw.
//   - An entry span under a span that is neither is a call that only the callee
//     saw where the service changes, and no call where it does not.
//   - An exit span without an entry span is a call to a virtual peer, which
//     the span's attributes name. Where an exit span is the parent of another
//     one in its own service (an ORM over a driver, an RPC client over HTTP)
//     only the inner one is that call.
//   - The caller's operation is the nearest entry span above the exit span in
//     the same service, else the topmost present span there. Where parent links
//     run in a circle nothing is on top, and the exit span names itself.
//   - An entry span with no parent is called from Outside; one whose parent
//     never came, by an Unknown. Any other span with no parent (a job, a page
//     load, a load generator) is its own entrance: Outside calls it too.
//   - A span is known by trace ID, span ID and kind; the first one counts.
//     Zipkin gives both halves of a call one span ID: the entry span is then
//     under the exit span of its own ID.
package calltree
