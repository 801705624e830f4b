// Package strength tells strong dependencies from weak ones: a call is strong
// when its failure stops the calls after it, weak when some of them are still
// made. It decides what evidence is, how it adds up, and what verdict it bears.
//
// Evidence is sums about one call site, from local traces that were seen
// whole. Merging adds; it is associative and commutative, so that days and
// collectors merge in any order. A verdict is made when it is asked for; too
// little evidence makes it Unknown, which is the default: a wrong verdict is
// worse.
package strength
