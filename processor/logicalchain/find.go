package logicalchain

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
)

const (
	// MaxSpanKeys is how many keys are taken of one span.
	MaxSpanKeys = 8
	// maxLooked is how many bytes of a value a rule looks at.
	maxLooked = 1024
)

// finder looks through spans, one after the other.
type finder struct {
	rules    *Rules
	resource pcommon.Resource   // of the spans at hand
	service  *callgraph.Service // of the resource, once it was asked for
	limit    int                // of keys a span
	rewrites bool               // HMACs take the place of what is found
	keys     []found            // of the span at hand
	edits    []edit             // of the value at hand
	last     made
	refused  [reasons]int64
	replaced int64
}

// at goes on with the spans of a resource.
func (f *finder) at(resource pcommon.Resource) { f.resource, f.service = resource, nil }

// whose are the spans at hand? Most have no key, and nobody asks.
func (f *finder) whose() callgraph.Service {
	if f.service == nil {
		s := calltree.ServiceOf(f.resource)
		f.service = &s
	}
	return *f.service
}

// serves says whether the rule holds for the spans at hand.
func (f *finder) serves(r *rule) bool {
	return len(r.services) == 0 || slices.Contains(r.services, f.whose().Name)
}

type found struct{ kind, value string }

// made is what became of a raw value.
type made struct {
	kind       *kind
	raw, value string
	reason     Reason
}

// noKey stands where an HMAC would, of what could not be a key.
const noKey = "REDACTED"

// edit replaces a part of a value.
type edit struct {
	from, to int
	by       string
}

// keysOf returns the keys of a span, which hold until the next call.
func (f *finder) keysOf(span ptrace.Span) []found {
	f.keys = f.keys[:0]
	f.look(span.Attributes())
	for _, e := range span.Events().All() {
		f.look(e.Attributes())
	}
	for _, l := range span.Links().All() {
		f.look(l.Attributes())
	}
	return f.keys
}

func (f *finder) look(attributes pcommon.Map) {
	for key, v := range attributes.All() {
		if rules := f.rules.named(key); rules != nil {
			f.value(rules, v)
		} else if kindName, ok := stated(key); ok {
			f.stated(kindName, v)
		}
	}
}

// stated takes the key of a kind that no rule knows.
func (f *finder) stated(kindName string, v pcommon.Value) {
	if !validKind(kindName) {
		f.refused[BadKind]++
		return
	}
	f.value([]*rule{{kindName: kindName, kind: &kind{}}}, v)
}

func (f *finder) value(rules []*rule, v pcommon.Value) {
	if v.Type() != pcommon.ValueTypeSlice {
		f.single(rules, v)
		return
	}
	for _, element := range v.Slice().All() {
		f.single(rules, element)
	}
}

func (f *finder) single(rules []*rule, v pcommon.Value) {
	text, ok := textOf(v)
	if !ok {
		f.opaque(rules, v)
		return
	}
	f.edits = f.edits[:0]
	for _, r := range rules {
		switch {
		case !f.serves(r):
		case r.baggage != "":
			f.baggage(r, text)
		default:
			f.matches(r, text)
		}
	}
	if f.rewrites && len(f.edits) > 0 {
		v.SetStr(rewrite(text, f.edits))
		f.replaced++
	}
}

// opaque refuses a value that no key can be made of, such as a map.
func (f *finder) opaque(rules []*rule, v pcommon.Value) {
	hides := false
	for _, r := range rules {
		if f.serves(r) {
			f.refused[Malformed]++
			hides = hides || r.kind.secret != nil
		}
	}
	if f.rewrites && hides {
		v.SetStr(noKey)
		f.replaced++
	}
}

// maxWhole is the greatest number that a double tells apart from the next.
const maxWhole = 1 << 53

// textOf is a value as a key: text, and numbers without a fraction.
func textOf(v pcommon.Value) (string, bool) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return v.Str(), true
	case pcommon.ValueTypeInt:
		return strconv.FormatInt(v.Int(), 10), true
	case pcommon.ValueTypeDouble:
		d := v.Double()
		return strconv.FormatFloat(d, 'f', 0, 64), d == math.Trunc(d) && math.Abs(d) < maxWhole
	case pcommon.ValueTypeEmpty:
		return "", true
	}
	return "", false
}

// matches takes what the rule finds in a text.
func (f *finder) matches(r *rule, text string) {
	if r.pattern == nil {
		f.take(r, text, 0, len(text))
		return
	}
	head := beginning(text)
	for _, at := range r.pattern.FindAllStringSubmatchIndex(head, -1) {
		switch from, to := at[2], at[3]; {
		case from < 0: // the group had no part in it
		case at[1] == len(head) && len(head) < len(text): // it may go on where nobody looked
			f.refused[Long]++
			f.redact(r, from, len(text))
		default:
			f.take(r, text, from, to)
		}
	}
}

// beginning is the part of a text that is looked at; it ends with a whole character.
func beginning(text string) string {
	if len(text) <= maxLooked {
		return text
	}
	end := maxLooked
	for end > maxLooked-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

func (f *finder) take(r *rule, text string, from, to int) {
	raw := text[from:to]
	value, reason := f.make(r.kind, raw)
	switch {
	case reason == Empty:
		f.refused[Empty]++
	case reason != taken:
		f.refused[reason]++
		f.redact(r, from, to)
	default:
		f.add(found{r.kindName, value})
		if r.kind.secret != nil && value != raw {
			f.edits = append(f.edits, edit{from, to, value})
		}
	}
}

// make remembers the last value: spans of one order often come one after the other.
func (f *finder) make(k *kind, raw string) (string, Reason) {
	if f.last.kind != k || f.last.raw != raw {
		value, reason := k.value(raw)
		f.last = made{k, raw, value, reason}
	}
	return f.last.value, f.last.reason
}

// redact removes what is no key: a rule with an HMAC leaves nothing of what it finds.
func (f *finder) redact(r *rule, from, to int) {
	if r.kind.secret != nil {
		f.edits = append(f.edits, edit{from, to, noKey})
	}
}

func (f *finder) add(k found) {
	switch {
	case slices.Contains(f.keys, k):
	case len(f.keys) == f.limit:
		f.refused[Many]++
	default:
		f.keys = append(f.keys, k)
	}
}

// rewrite applies the edits; where they overlap nothing of what was there stays.
func rewrite(text string, edits []edit) string {
	slices.SortFunc(edits, func(a, b edit) int { return a.from - b.from })
	var b strings.Builder
	done := 0 // up to here text is in b
	for _, e := range edits {
		if e.from >= done {
			b.WriteString(text[done:e.from])
			b.WriteString(e.by)
		}
		done = max(done, e.to)
	}
	b.WriteString(text[done:])
	return b.String()
}
