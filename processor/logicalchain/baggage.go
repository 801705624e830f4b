package logicalchain

import (
	"net/url"
	"strings"
)

// baggage takes the rule's entry of a header: name=value;property,name=value.
func (f *finder) baggage(r *rule, header string) {
	for at, end := 0, 0; at < len(header); at = end + 1 {
		end = at + length(header[at:], ",")
		from, to, ok := entry(header, at, end, r.baggage)
		if !ok {
			continue
		}
		f.member(r, header, from, to)
	}
}

// member takes the value of one entry, and replaces it in the header.
func (f *finder) member(r *rule, header string, from, to int) {
	text, err := url.PathUnescape(header[from:to])
	if err != nil {
		f.refused[Malformed]++
		f.redact(r, from, to)
		return
	}
	outer := len(f.edits)
	f.matches(r, text)
	if inner := f.edits[outer:]; len(inner) > 0 {
		by := url.PathEscape(rewrite(text, inner))
		f.edits = append(f.edits[:outer], edit{from, to, by})
	}
}

// entry is where the value of the named entry lies, without the white space
// around it and its properties.
func entry(header string, at, end int, name string) (from, to int, ok bool) {
	pair := header[at:end]
	equals := strings.IndexByte(pair, '=')
	if equals < 0 || strings.TrimSpace(pair[:equals]) != name {
		return 0, 0, false
	}
	from = equals + 1
	to = from + length(pair[from:], ";")
	from += len(pair[from:to]) - len(strings.TrimLeft(pair[from:to], " \t"))
	to = from + len(strings.TrimRight(pair[from:to], " \t"))
	return at + from, at + to, true
}

// length is that of the part of s before the separator.
func length(s, separator string) int {
	if n := strings.Index(s, separator); n >= 0 {
		return n
	}
	return len(s)
}
