package tracecontext

import (
	"context"
	"net/url"
	"reflect"
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
	for n := range keys {
		equals, size := scanPlain(raw)
		if size == 0 || slices.Contains(keys[:n], raw[:equals]) {
			return false
		}
		if size == len(raw) {
			return true
		}
		keys[n] = raw[:equals]
		raw = raw[size+1:]
	}
	return false
}

// scanPlain finds the equals sign and the end of the member that s begins
// with; both are 0 where that is not plain.
func scanPlain(s string) (equals, size int) {
	i := 0
	for i < len(s) && baggageChars[s[i]]&tokenChar != 0 {
		i++
	}
	if i == 0 || i == len(s) || s[i] != '=' {
		return 0, 0
	}
	equals = i
	for i++; i < len(s) && s[i] != ','; i++ {
		if baggageChars[s[i]]&octetChar == 0 {
			return 0, 0
		}
		if s[i] == '%' {
			if !neededEscape(s[i:]) {
				return 0, 0
			}
			i += 2
		}
	}
	return equals, i
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

// unescape leaves a plain value alone that has no escapes.
func unescape(value string) string {
	if strings.IndexByte(value, '%') < 0 {
		return value
	}
	text, _ := url.PathUnescape(value) // the escapes are valid: isPlain
	return text
}

// parsedBaggage is what a context holds for baggage.FromContext.
type parsedBaggage struct {
	state any
	list  uintptr // see listOf
}

// parsedBaggage parses once. From then on a context below may have baggage of
// its own, so that the raw one alone no longer says what leaves (outgoingBaggage).
func (r *Remote) parsedBaggage() *parsedBaggage {
	if p := r.parsed.Load(); p != nil {
		return p
	}
	b, _ := baggage.Parse(r.rawBaggage) // plain, so nothing is wrong with it
	ctx := baggage.ContextWithBaggage(context.Background(), b)
	r.parsed.CompareAndSwap(nil, &parsedBaggage{state: ctx.Value(baggageKey), list: listOf(b)})
	return r.parsed.Load()
}

// listOf tells one baggage from another by its list, which otel-go never
// changes once it is made; 0: cannot tell.
func listOf(b baggage.Baggage) uintptr {
	if !hasList {
		return 0
	}
	return reflect.ValueOf(b).Field(0).Pointer()
}

var hasList = func() bool {
	t := reflect.TypeFor[baggage.Baggage]()
	return t.NumField() == 1 && t.Field(0).Type.Kind() == reflect.Map
}()

// outgoingBaggage is the header for what baggage.FromContext finds in ctx:
// the raw one as long as that is what ctx has.
func outgoingBaggage(ctx context.Context, hidden []string) string {
	r, ok := ctx.Value(remoteKey{}).(*Remote)
	if ok && r.parsed.Load() == nil {
		return withoutKeys(r.rawBaggage, hidden)
	}
	b := baggage.FromContext(ctx)
	if list := listOf(b); ok && list != 0 && list == r.parsed.Load().list {
		return withoutKeys(r.rawBaggage, hidden)
	}
	return deleteMembers(b, hidden).String()
}

// withoutKeys takes members out of a plain header.
func withoutKeys(raw string, keys []string) string {
	said := func(key string) bool { _, ok := plainValue(raw, key); return ok }
	if !slices.ContainsFunc(keys, said) {
		return raw
	}
	kept := slices.DeleteFunc(strings.Split(raw, ","), func(member string) bool {
		key, _, _ := strings.Cut(member, "=")
		return slices.Contains(keys, key)
	})
	return strings.Join(kept, ",")
}

// plainValue is the value of a key in a plain header.
func plainValue(raw, key string) (string, bool) {
	for member := range strings.SplitSeq(raw, ",") {
		if k, value, _ := strings.Cut(member, "="); k == key {
			return unescape(value), true
		}
	}
	return "", false
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
	return plainValue(r.rawBaggage, key)
}
