package wire

import "fmt"

// Code says why a frame was refused (SPEC.md, Errors).
type Code uint8

// The codes of version 1.
const (
	CodeVersion   Code = iota + 1 // a version or kind that the decoder does not know
	CodeTruncated                 // the frame ends too early
	CodeChecksum                  // the frame is not what was sent
	CodeSequence                  // a frame is missing, or came twice
	CodeReference                 // refers to what was never told
	CodeMalformed                 // none of what the specification allows
	CodeLimit                     // more than a limit allows
)

// String is the name that metrics carry.
func (c Code) String() string {
	names := [...]string{"", "version", "truncated", "checksum", "sequence", "reference", "malformed", "limit"}
	if int(c) < len(names) && c > 0 {
		return names[c]
	}
	return fmt.Sprintf("code_%d", uint8(c))
}

// ByName are counts by the names of all codes.
func ByName(counts map[Code]uint64) map[string]uint64 {
	named := map[string]uint64{}
	for code := CodeVersion; code <= CodeLimit; code++ {
		named[code.String()] = counts[code]
	}
	return named
}

// Error is why a frame was refused. The stream it came from is over: nothing
// that follows it can be decoded.
type Error struct {
	Code Code
	Why  string
}

func (e *Error) Error() string { return "compact frame refused: " + e.Code.String() + ": " + e.Why }
