// Package failure decides where a chain's failure began and which failures are
// the same (paper 4.3, Fig. 11).
//
// An origin is a failed span that no failed child explains. A child explains
// its parent where it failed while the parent waited for it, unless a later
// attempt at the same call went well; a step within the service that says
// nothing of its own end is looked through. A client that timed out is explained
// by what was still open when it gave up. A failure is handled where a span above
// it did not fail.
//
// Failures are the same where service, operation, outcome, error type and
// message agree, numbers and IDs in the message aside.
package failure
