package logicalchain

import (
	"encoding/base64"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	// minSearched is how long a value must be to be looked for in any text: a
	// shorter one is in texts that have nothing to do with it.
	minSearched = 4
	// minEncoded is how long it must be to be looked for in base64, of which a
	// few letters may be any word.
	minEncoded = 6
)

// needles are the spellings in which a value is looked for in texts: as it is, in
// any case of letters, percent-encoded, and in base64, also within something
// longer that was encoded as a whole.
type needles struct {
	texts   []string // lower case
	encoded []string // as base64 has them
}

func newNeedles(values []string) (n needles) {
	for _, v := range values {
		if len(v) >= minSearched {
			n.texts = append(n.texts, strings.ToLower(v))
		}
		if len(v) >= minEncoded {
			n.encoded = append(n.encoded, inBase64(v)...)
		}
	}
	return n
}

// inBase64 are the letters that base64 has for a text wherever it begins in what
// is encoded: those that only the text decides, by either alphabet.
func inBase64(text string) (all []string) {
	for before := range 3 {
		whole := append(make([]byte, before), text...)
		from := (8*before + 5) / 6
		to := 8 * len(whole) / 6
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if s := e.EncodeToString(whole)[from:to]; !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

func (n *needles) in(s string) bool {
	if len(s) < minSearched || len(n.texts) == 0 {
		return false
	}
	if n.has(s) {
		return true
	}
	if !strings.ContainsAny(s, "%+") {
		return false
	}
	once := unescape(s)
	return n.has(once) || n.has(unescape(once)) || n.has(unescape(strings.ReplaceAll(s, "+", " ")))
}

func (n *needles) has(s string) bool {
	if slices.ContainsFunc(n.encoded, func(e string) bool { return strings.Contains(s, e) }) {
		return true
	}
	s = strings.ToLower(s)
	return slices.ContainsFunc(n.texts, func(text string) bool { return strings.Contains(s, text) })
}

// unescape decodes what is percent-encoded in a text, and leaves the rest.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if c, ok := escaped(s[i:]); ok {
			b = append(b, c)
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

func escaped(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, low := strings.IndexByte(hexDigits, lower(s[1])), strings.IndexByte(hexDigits, lower(s[2]))
	return byte(high<<4 | low), high >= 0 && low >= 0
}

const hexDigits = "0123456789abcdef"

func lower(c byte) byte {
	if 'A' <= c && c <= 'F' {
		c += 'a' - 'A'
	}
	return c
}

func (n *needles) inFields(m pcommon.Map) bool {
	for name, v := range m.All() {
		if n.in(name) || n.inValue(v) {
			return true
		}
	}
	return false
}

func (n *needles) inValue(v pcommon.Value) bool {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return n.in(v.Str())
	case pcommon.ValueTypeBytes:
		return n.in(string(v.Bytes().AsRaw()))
	case pcommon.ValueTypeMap:
		return n.inFields(v.Map())
	case pcommon.ValueTypeSlice:
		return n.inElements(v.Slice())
	}
	number, ok := textOf(v)
	return ok && slices.Contains(n.texts, number)
}

func (n *needles) inElements(list pcommon.Slice) bool {
	for _, v := range list.All() {
		if n.inValue(v) {
			return true
		}
	}
	return false
}
