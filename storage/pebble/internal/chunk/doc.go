// Package chunk decides which segments a search must look at. A chunk is the
// index of some 65,536 spans; FORMAT.md says how it lies on disk.
//
// Terms that few segments have are listed with their segments. Terms that many
// segments have say little so: for them the spans are divided into classes,
// the sets of common terms that spans have, and the segments are listed by
// class. So two common terms that never meet in a span lead to no segment,
// though every segment has both.
package chunk

// Bounds of chunks.
const (
	// Shards is how many parts the lists of terms and of traces each have, so
	// that a look-up reads a small one.
	Shards = 16
	// MaxSegments is how many segments a chunk may have.
	MaxSegments = 1 << 20
	// maxPlain is how long a class table may be once decompressed.
	maxPlain = 64 << 20
	// maxClassTerms bounds the terms of all classes together, for each span.
	// Beyond it fewer terms count as common.
	maxClassTerms = 2
	// rareSegments is how many segments a term may have at least before it
	// counts as common.
	rareSegments = 8
	version      = 1
)
