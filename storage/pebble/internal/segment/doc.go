// Package segment decides how the spans of one commit lie on disk: FORMAT.md
// says byte by byte. Spans come in and go out as OTLP protobuf, so whatever
// OTLP can say comes back bit for bit; what repeats is written once.
package segment

// Bounds of a segment. A decoder refuses what exceeds them before it
// allocates.
const (
	// MaxBody is how many bytes a segment's compressed part may have once
	// decompressed.
	MaxBody = 256 << 20
	// version is the first byte of every segment.
	version = 1
)
