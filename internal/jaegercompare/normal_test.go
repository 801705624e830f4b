package jaegercompare

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// normal is an answer without what has no meaning in either API: the order of
// traces, spans, tags and names, and what the processes of a trace are called.
// Lists become objects by what identifies their elements, so that a difference
// has the same path wherever in a list it is.
func normal(body any) any {
	switch v := body.(type) {
	case map[string]any:
		v = inlined(v)
		for key, element := range v {
			v[key] = normal(element)
		}
		return v
	case []any:
		return keyed(v)
	}
	return body
}

// inlined is a trace of the first API whose spans hold their process.
func inlined(v map[string]any) map[string]any {
	spans, isTrace := v["spans"].([]any)
	processes, hasProcesses := v["processes"].(map[string]any)
	if !isTrace || !hasProcesses {
		return v
	}
	for _, s := range spans {
		span := s.(map[string]any)
		id, _ := span["processID"].(string)
		delete(span, "processID")
		span["process"] = clone(processes[id])
	}
	v = maps.Clone(v)
	delete(v, "processes")
	return v
}

func clone(v any) (copied any) {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&copied); err != nil {
		return err.Error()
	}
	return copied
}

// identities are the fields that name an element of a list, by the first that
// it has: spans of both APIs, traces, tags, references, events, dependencies,
// operations. Spans of Zipkin's kind share their ID.
var identities = [][]string{
	{"spanID", "operationName", "startTime", "refType"},
	{"spanId", "name", "kind"},
	{"traceID"},
	{"traceId"},
	{"key"},
	{"parent", "child"},
	{"name", "spanKind"},
	{"timestamp"},
	{"timeUnixNano"},
	{"msg"},
}

func keyed(list []any) any {
	all := map[string]any{}
	for _, element := range list {
		name := identity(element)
		element = normal(element)
		if name == "" { // a name, or a part of OTLP that has no identity
			name = text(element)
		}
		for n, free := 2, name; ; n++ {
			if _, taken := all[free]; !taken {
				all[free] = element
				break
			}
			free = fmt.Sprintf("%s#%d", name, n)
		}
	}
	return all
}

func identity(element any) string {
	fields, isObject := element.(map[string]any)
	if !isObject {
		return ""
	}
	for _, names := range identities {
		if _, has := fields[names[0]]; !has {
			continue
		}
		var parts []string
		for _, name := range names {
			if v, has := fields[name]; has {
				parts = append(parts, part(name, v))
			}
		}
		return strings.Join(parts, "|")
	}
	return ""
}

// part is a field of an identity: a 64-bit trace ID may have leading zeros.
func part(name string, v any) string {
	if name == "traceID" {
		return fmt.Sprintf("%032s", v)
	}
	return fmt.Sprint(v)
}

func text(v any) string {
	b, err := json.Marshal(v) // objects in order of key
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// flat brings an OTLP answer into the form of spans with their scope and
// resource: how spans are grouped has no meaning.
func flat(body any) any {
	result, isOTLP := dig(body, "result").(map[string]any)
	if !isOTLP {
		return body
	}
	var spans []any
	for _, rs := range elements(result["resourceSpans"]) {
		for _, ss := range elements(dig(rs, "scopeSpans")) {
			for _, s := range elements(dig(ss, "spans")) {
				span := maps.Clone(s.(map[string]any))
				span["resource"], span["scope"] = clone(dig(rs, "resource")), clone(dig(ss, "scope"))
				spans = append(spans, span)
			}
		}
	}
	return map[string]any{"result": spans}
}

func dig(v any, key string) any {
	fields, _ := v.(map[string]any)
	return fields[key]
}

func elements(v any) []any {
	list, _ := v.([]any)
	return list
}

// difference is one value that is not the same; nothing is what one side lacks.
type difference struct {
	question string
	path     string
	theirs   any
	ours     any
}

type absent struct{}

func (absent) String() string { return "(nothing)" }

func (d difference) String() string {
	return fmt.Sprintf("%s %s: %s / %s", d.question, d.path, shown(d.theirs), shown(d.ours))
}

var (
	ids     = regexp.MustCompile(`[0-9a-f]{16,32}`)
	numbers = regexp.MustCompile(`[0-9]{3,}`)
)

// kind is the same for differences that are alike.
func (d difference) kind() string {
	if d.path == "status" {
		return d.String()
	}
	return numbers.ReplaceAllString(ids.ReplaceAllString(d.path+": "+shown(d.theirs)+" / "+shown(d.ours), "ID"), "N")
}

func shown(v any) string {
	s := text(v)
	if v == (absent{}) {
		s = absent{}.String()
	}
	return s[:min(len(s), 300)]
}

// compare calls found for each difference between two normal values.
func compare(path string, theirs, ours any, found func(path string, theirs, ours any)) {
	a, isA := theirs.(map[string]any)
	b, isB := ours.(map[string]any)
	if !isA || !isB {
		if text(theirs) != text(ours) {
			found(path, theirs, ours)
		}
		return
	}
	for _, key := range slices.Sorted(maps.Keys(union(a, b))) {
		x, hasX := a[key]
		y, hasY := b[key]
		switch {
		case !hasX:
			found(path+"."+key, absent{}, y)
		case !hasY:
			found(path+"."+key, x, absent{})
		default:
			compare(path+"."+key, x, y, found)
		}
	}
}

func union(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
