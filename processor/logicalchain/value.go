package logicalchain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Reason says why what a rule found is no key.
type Reason uint8

// Reasons, in the order of their names.
const (
	taken     Reason = iota
	Long             // over callgraph.MaxKeyValue bytes, or cut off by what a rule looks at
	Many             // the span has MaxSpanKeys already
	Crowded          // the trace has storage.MaxTraceKeys already
	Malformed        // no UTF-8, control characters, or nothing that a key can be made of
	Empty            // "", null, 0 and their like
	BadKind          // an attribute jcg.chain.* whose rest is no kind
	reasons
)

var reasonNames = [reasons]string{"", "long", "many", "crowded", "malformed", "empty", "kind"}

// String is the value that metrics carry.
func (r Reason) String() string { return reasonNames[r] }

// Reasons are all that Taken.Refused may count.
func Reasons() []Reason { return []Reason{Long, Many, Crowded, Malformed, Empty, BadKind} }

// kind is how keys of a kind are made; the zero value leaves them as they are.
type kind struct {
	normalise []func(string) string
	secret    []byte // none: no HMAC
}

// value makes a key's value of what was found.
func (k *kind) value(raw string) (string, Reason) {
	switch {
	case len(raw) > maxLooked:
		return "", Long
	case isHidden(raw):
		return raw, taken // by a collector before this one
	case !utf8.ValidString(raw) || strings.ContainsFunc(raw, unicode.IsControl):
		return "", Malformed
	}
	text := k.normal(raw)
	switch {
	case isNoValue(raw) || isNoValue(text):
		return "", Empty
	case len(text) > callgraph.MaxKeyValue:
		return "", Long
	case k.secret != nil:
		return k.hide(text), taken
	}
	return text, taken
}

// maxRounds bounds what normal repeats; two are usual.
const maxRounds = 8

// normal repeats the steps until nothing changes: the key of a key is itself,
// whatever the order of the steps.
func (k *kind) normal(text string) string {
	for range maxRounds {
		before := text
		for _, step := range k.normalise {
			text = step(text)
		}
		if text == before {
			break
		}
	}
	return text
}

// Hidden values begin so: whoever sees one knows that it is no order's number,
// and none is hidden twice.
const (
	hiddenPrefix = "hmac:"
	hiddenDigits = 32
)

// hide is the HMAC in the place of a value.
func (k *kind) hide(value string) string {
	mac := hmac.New(sha256.New, k.secret)
	mac.Write([]byte(value))
	return hiddenPrefix + hex.EncodeToString(mac.Sum(nil))[:hiddenDigits]
}

func isHidden(value string) bool {
	digits, ok := strings.CutPrefix(value, hiddenPrefix)
	return ok && len(digits) == hiddenDigits && strings.Trim(digits, "0123456789abcdef") == ""
}

// noValues stand where programs had nothing to write; all zeros and hyphens do,
// too: taken for a key, they would make one chain of everything.
var noValues = map[string]bool{
	"null": true, "nil": true, "<nil>": true, "none": true, "undefined": true, "unknown": true, "n/a": true,
	"nan": true, "-1": true, "redacted": true, "true": true, "false": true, "[object object]": true,
}

func isNoValue(text string) bool {
	text = strings.TrimSpace(text)
	return strings.Trim(text, "0-") == "" || len(text) <= len("[object object]") && noValues[strings.ToLower(text)]
}

// steps of Rule.Normalise.
var steps = map[string]func(string) string{
	"trim":             strings.TrimSpace,
	"lower":            strings.ToLower,
	"upper":            strings.ToUpper,
	"digits":           func(s string) string { return strings.Map(keep(isDigit), s) },
	"alphanumeric":     func(s string) string { return strings.Map(keep(isAlphanumeric), s) },
	"no_leading_zeros": func(s string) string { return strings.TrimLeft(s, "0") },
}

func stepNames() []string { return slices.Sorted(maps.Keys(steps)) }

func isDigit(r rune) bool        { return '0' <= r && r <= '9' }
func isAlphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func keep(is func(rune) bool) func(rune) rune {
	return func(r rune) rune {
		if is(r) {
			return r
		}
		return -1
	}
}
