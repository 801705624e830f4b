package tracecontext

import (
	"slices"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// Limits of the W3C Trace Context specification.
const (
	maxMembers     = 32
	maxMemberPart  = 256 // characters of a key, and of a value
	stateRoom      = 512 // characters that everybody passes on
	longMember     = 128 // a member longer than that goes first
	entryPrefix    = callgraph.StateKey + "="
	samplingPrefix = sampler.StateKey + "="
)

// members is a tracestate taken apart: all but entry are members as they go
// out again, joined by commas. They are parts of the header where that is tidy.
type members struct {
	entry   string // value of our entry
	ot      string // value of OpenTelemetry's
	all     string // without our entry
	foreign string // without ot, too
}

// parseMembers cuts our entry off and takes the rest for nothing where one
// member is not valid or there are more than 32 others. Of equal keys the
// first one counts, which is the latest written.
func parseMembers(raw string) members {
	var l list
	entry, ok := l.read(raw)
	if !ok || l.n == 0 {
		return members{entry: entry}
	}
	m := members{entry: entry, all: l.text(raw)}
	if l.ot == 0 {
		m.foreign = m.all
		return m
	}
	ot := l.members[l.ot-1]
	m.ot = ot[len(samplingPrefix):]
	switch {
	case l.n == 1:
	case l.ot == 1:
		m.foreign = m.all[len(ot)+1:]
	default:
		m.foreign = strings.Join(slices.Delete(l.members[:l.n], l.ot-1, l.ot), ",")
	}
	return m
}

// list is the members of a tracestate that are kept.
type list struct {
	members [maxMembers]string
	n       int
	came    int  // with those of equal keys
	ot      int  // which one is ot, from 1; 0: none
	start   int  // where the first one begins
	untidy  bool // they are no single part of the header
}

// read is false where the tracestate is not valid, our entry aside.
func (l *list) read(raw string) (entry string, ok bool) {
	ok, seen := true, false
	for at := 0; at < len(raw); {
		rest := raw[at:]
		value, size, ours := ownEntry(rest)
		switch {
		case rest[0] == ',':
			l.untidy = true
		case ours:
			if !seen {
				entry, seen = value, true
			}
			l.untidy = l.untidy || l.n > 0
		case !ok:
			size = sizeOf(rest) // nothing but our entry is still looked for
		default:
			size, ok = l.add(rest, at)
		}
		at += size + 1
	}
	l.untidy = l.untidy || strings.HasSuffix(raw, ",")
	return entry, ok
}

// ownEntry is the value of our entry where s begins with it, and the length
// of that member.
func ownEntry(s string) (value string, size int, ours bool) {
	blanks := countBlanks(s)
	if !strings.HasPrefix(s[blanks:], entryPrefix) {
		return "", 0, false
	}
	size = sizeOf(s)
	value = s[blanks+len(entryPrefix) : size]
	for value != "" && countBlanks(value[len(value)-1:]) > 0 {
		value = value[:len(value)-1]
	}
	return value, size, true
}

// sizeOf is the length of the member that s begins with.
func sizeOf(s string) int {
	if comma := strings.IndexByte(s, ','); comma >= 0 {
		return comma
	}
	return len(s)
}

// add keeps the member that s begins with. It is false where that makes the
// whole tracestate invalid.
func (l *list) add(s string, start int) (size int, ok bool) {
	member, equals, size := scanMember(s)
	l.came++
	switch {
	case member == "" || l.came > maxMembers:
		return sizeOf(s), false
	case l.has(member[:equals]):
		l.untidy = true
		return size, true
	case l.n == 0:
		l.start = start
	}
	l.untidy = l.untidy || len(member) != size
	l.members[l.n] = member
	l.n++
	if member[:equals] == sampler.StateKey {
		l.ot = l.n
	}
	return size, true
}

func (l *list) has(key string) bool {
	for _, m := range l.members[:l.n] {
		if len(m) > len(key) && m[len(key)] == '=' && m[:len(key)] == key {
			return true
		}
	}
	return false
}

func (l *list) text(raw string) string {
	if l.untidy {
		return strings.Join(l.members[:l.n], ",")
	}
	return raw[l.start:]
}

// scanMember is the member that s begins with, without the blanks round it,
// where its equals sign is and how much of s it takes: "" where it does not
// meet the specification. Keys are those of Trace Context level 2, which has
// all of level 1.
func scanMember(s string) (member string, equals, size int) {
	start := countBlanks(s)
	i := start
	for i < len(s) && stateChars[s[i]]&keyChar != 0 {
		i++
	}
	equals = i - start
	if equals == 0 || equals > maxMemberPart || stateChars[s[start]]&keyStart == 0 || i == len(s) || s[i] != '=' {
		return "", 0, 0
	}
	value := i + 1
	for i = value; i < len(s) && stateChars[s[i]]&valueChar != 0; i++ {
	}
	end := i
	for end > value && s[end-1] == ' ' {
		end--
	}
	size = i + countBlanks(s[i:])
	if end == value || end-value > maxMemberPart || size < len(s) && s[size] != ',' {
		return "", 0, 0
	}
	return s[start:end], equals, size
}

func countBlanks(s string) int {
	n := 0
	for n < len(s) && (s[n] == ' ' || s[n] == '\t') {
		n++
	}
	return n
}

const (
	keyStart = 1 << iota
	keyChar
	valueChar
)

var stateChars = func() (chars [256]uint8) {
	for c := ' '; c <= '~'; c++ {
		if c != ',' && c != '=' {
			chars[c] |= valueChar
		}
	}
	for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789" {
		chars[c] |= keyStart | keyChar
	}
	for _, c := range "_-*/@" {
		chars[c] |= keyChar
	}
	return chars
}()
