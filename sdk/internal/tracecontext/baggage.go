package tracecontext

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/baggage"
)

// A baggage header is plain where the stock propagator would send it on as it
// came, the order of members aside: it may then stay unparsed. Others, which
// have blanks, properties, equal keys, escapes that need none or text that is
// not ASCII, and those with many members, take the stock propagator's way.
const (
	maxPlainMembers = 8
	maxPlainLength  = 8192 // W3C Baggage
)

func isPlain(raw string) bool {
	if raw == "" || len(raw) > maxPlainLength {
		return false
	}
	var keys [maxPlainMembers]string
	for n, more := 0, true; more; n++ {
		var member string
		member, raw, more = strings.Cut(raw, ",")
		key, value, ok := strings.Cut(member, "=")
		if !ok || n == maxPlainMembers || !isPlainKey(key) || !isPlainValue(value) || slices.Contains(keys[:n], key) {
			return false
		}
		keys[n] = key
	}
	return true
}

func isPlainKey(key string) bool {
	for i := range len(key) {
		if baggageChars[key[i]]&tokenChar == 0 {
			return false
		}
	}
	return key != ""
}

func isPlainValue(value string) bool {
	for i := 0; i < len(value); i++ {
		switch {
		case baggageChars[value[i]]&octetChar == 0:
			return false
		case value[i] != '%':
		case !neededEscape(value[i:]):
			return false
		default:
			i += 2
		}
	}
	return true
}

// neededEscape reports whether s begins with an escape as the stock
// propagator writes it, of an ASCII character that has to be escaped.
func neededEscape(s string) bool {
	if len(s) < 3 || !isUpperHex(s[1]) || !isUpperHex(s[2]) || s[1] > '7' {
		return false
	}
	c := hexDigits[s[1]]<<4 | hexDigits[s[2]|0x20] // the table has lower case
	return c == '%' || baggageChars[c]&octetChar == 0
}

func isUpperHex(c byte) bool { return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' }

const (
	tokenChar = 1 << iota // of a key
	octetChar             // of a value
)

var baggageChars = func() (chars [256]uint8) {
	for c := '!'; c <= '~'; c++ {
		if !strings.ContainsRune(`",;\`, c) {
			chars[c] |= octetChar
		}
		if !strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c) {
			chars[c] |= tokenChar
		}
	}
	return chars
}()

// plainMembers walks over a plain header; values are still escaped.
func plainMembers(raw string) func(yield func(key, value string) bool) {
	return func(yield func(key, value string) bool) {
		for more := raw != ""; more; {
			var member string
			member, raw, more = strings.Cut(raw, ",")
			if key, value, _ := strings.Cut(member, "="); !yield(key, value) {
				return
			}
		}
	}
}

// unescape leaves a plain value alone that has no escapes.
func unescape(value string) string {
	if strings.IndexByte(value, '%') < 0 {
		return value
	}
	text, _ := url.PathUnescape(value) // the escapes are valid: isPlain
	return text
}

// parsePlain makes of a plain header what baggage.Parse would.
func parsePlain(raw string) baggage.Baggage {
	var room [maxPlainMembers]baggage.Member
	found := room[:0]
	for key, value := range plainMembers(raw) {
		member, err := baggage.NewMemberRaw(key, unescape(value))
		if err != nil {
			continue // none: a token and ASCII text are always taken
		}
		found = append(found, member)
	}
	b, _ := baggage.New(found...) // 8 members fit
	return b
}

// saysSame reports whether b is what a plain header says.
func saysSame(b baggage.Baggage, raw string) bool {
	n := 0
	for key, value := range plainMembers(raw) {
		m := b.Member(key)
		if m.Key() != key || m.Value() != unescape(value) || m.Properties() != nil {
			return false
		}
		n++
	}
	return n == b.Len()
}

// parsedBaggage is what a context holds for baggage.FromContext.
type parsedBaggage struct{ state any }

// parsedBaggage parses once. From then on a context below may have baggage of
// its own, so that the raw one alone no longer says what leaves (outgoingBaggage).
func (r *Remote) parsedBaggage() *parsedBaggage {
	if p := r.parsed.Load(); p != nil {
		return p
	}
	ctx := baggage.ContextWithBaggage(context.Background(), parsePlain(r.rawBaggage))
	r.parsed.CompareAndSwap(nil, &parsedBaggage{state: ctx.Value(baggageKey)})
	return r.parsed.Load()
}

// outgoingBaggage is the header for what baggage.FromContext finds in ctx:
// the raw one as long as that is what ctx has.
func outgoingBaggage(ctx context.Context, hidden []string) string {
	r, ok := ctx.Value(remoteKey{}).(*Remote)
	if ok && r.parsed.Load() == nil {
		return withoutKeys(r.rawBaggage, hidden)
	}
	b := baggage.FromContext(ctx)
	if ok && saysSame(b, r.rawBaggage) {
		return withoutKeys(r.rawBaggage, hidden)
	}
	return deleteMembers(b, hidden).String()
}

// withoutKeys takes members out of a plain header.
func withoutKeys(raw string, keys []string) string {
	if len(keys) == 0 {
		return raw
	}
	var kept []string
	hidden := false
	for member := range strings.SplitSeq(raw, ",") {
		if key, _, _ := strings.Cut(member, "="); slices.Contains(keys, key) {
			hidden = true
			continue
		}
		kept = append(kept, member)
	}
	if !hidden {
		return raw
	}
	return strings.Join(kept, ",")
}

func deleteMembers(b baggage.Baggage, keys []string) baggage.Baggage {
	for _, key := range keys {
		if b.Member(key).Key() == key {
			b = b.DeleteMember(key)
		}
	}
	return b
}

// BaggageValue is the value of one key of the baggage that ctx has, read
// without parsing the rest where nobody has asked for that yet.
func BaggageValue(ctx context.Context, key string) (string, bool) {
	r, ok := ctx.Value(remoteKey{}).(*Remote)
	if !ok || r.parsed.Load() != nil {
		m := baggage.FromContext(ctx).Member(key)
		return m.Value(), m.Key() == key && key != ""
	}
	for k, value := range plainMembers(r.rawBaggage) {
		if k == key {
			return unescape(value), true
		}
	}
	return "", false
}
