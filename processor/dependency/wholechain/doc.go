// Package wholechain reads chains back once they are quiet, and decides what
// they tell of their call sites that a local trace can't: whether the chain went
// on anywhere after a failure, whether the entrance failed, who answered, and
// where chains that reach a site begin.
//
// Only chains that are whole tell it, and only those that were sampled at their
// start: what was kept because something failed is no fair sample. A chain is
// read by whoever judged its entrance's local trace, and once: of several
// observers, or several runs, only one did.
package wholechain
