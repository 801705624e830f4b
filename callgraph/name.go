package callgraph

import "unicode/utf8"

// MaxNameLength is how many bytes of a service's or an operation's name are
// kept.
const MaxNameLength = 512

// ClipName is the name's first MaxNameLength bytes, cut between characters.
func ClipName(s string) string {
	if len(s) <= MaxNameLength {
		return s
	}
	end := MaxNameLength
	for end > MaxNameLength-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
