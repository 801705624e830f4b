// Package localtrace reads traces as local ones: the spans of a trace in one
// process. It decides which spans are one, whether all of them are there, whether
// its head was sampled, and which calls it makes, each at which call site.
//
// A local trace begins with a span that has no parent, or one in another service,
// and with each entry span (SERVER, CONSUMER). Its call sites are named by that
// span's operation and by what its exit spans say of the peer. Of exit spans one
// over the other in a service only the inner one is a call.
package localtrace
