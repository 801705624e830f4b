package failure

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"strings"
)

// Signature is the same for failures that are the same.
type Signature uint64

// String is 16 hex digits.
func (s Signature) String() string { return fmt.Sprintf("%016x", uint64(s)) }

// Signature of a failure: FNV-1a over the length and bytes of each part, so that
// it stays the same across processes and releases.
func (f *Failure) Signature() Signature {
	h := fnv.New64a()
	s := f.Node.Service
	parts := []string{s.Environment, s.Namespace, s.Name, f.Node.Span.Name(), f.Outcome.String(), f.Type, Template(f.Message)}
	if f.Handled {
		parts = append(parts, "handled")
	}
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		_, _ = h.Write(length[:])      // a hash does not fail
		_, _ = io.WriteString(h, part) // nor here
	}
	return Signature(h.Sum64())
}

// maxTemplate is how many bytes of a message tell failures apart.
const maxTemplate = 512

// Template is a message with each word that has a digit in it, such as a number,
// an ID, an address or a time, as #.
func Template(message string) string {
	message = message[:min(len(message), maxTemplate)]
	var b strings.Builder
	for message != "" {
		n := wordLength(message)
		switch word := message[:n]; {
		case n == 0:
			b.WriteByte(message[0])
			n = 1
		case strings.ContainsAny(word, "0123456789"):
			b.WriteByte('#')
		default:
			b.WriteString(word)
		}
		message = message[n:]
	}
	return b.String()
}

// joiners hold IDs, numbers, times and addresses together.
const joiners = "-_.:"

// wordLength is how long the run of letters, digits and joiners is that s begins
// with; it begins and ends with neither of the last.
func wordLength(s string) int {
	n := len(s)
	for i := range len(s) {
		if c := s[i]; !letter(c) && (i == 0 || strings.IndexByte(joiners, c) < 0) {
			n = i
			break
		}
	}
	return len(strings.TrimRight(s[:n], joiners))
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}
