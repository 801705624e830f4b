// Package credential decides what of a span is a credential, and removes it:
// headers that carry one, by exact key, and in URLs the user information and
// the parameters that are known to be secret. It knows keys and names only; a
// secret under an unknown name stays.
//
// Every span passes here, so the rules avoid regular expressions: on the
// OpenTelemetry demo's spans the stock transform processor takes about 1.5 µs
// a span for the URLs and the stock redaction processor 15 µs.
package credential
