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
	ot      int  // which one is ot, from 1; 0: none
	start   int  // where the first one begins
	untidy  bool // they are no single part of the header
}

func (l *list) read(raw string) (entry string, ok bool) {
	ok, seen := true, false
	for at := 0; at < len(raw); {
		member, _, comma := strings.Cut(raw[at:], ",")
		start := at
		at += len(member) + 1
		if member == "" || comma && at == len(raw) {
			l.untidy = true // a comma too many
		}
		if member == "" {
			continue
		}
		if value, ours := ownEntry(member); ours {
			if !seen {
				entry, seen = value, true
			}
			l.untidy = l.untidy || l.n > 0
			continue
		}
		ok = ok && l.add(member, start)
	}
	return entry, ok
}

func ownEntry(member string) (value string, ours bool) {
	value, ours = strings.CutPrefix(strings.TrimLeft(member, " \t"), entryPrefix)
	return strings.TrimRight(value, " \t"), ours
}

// add is false where the member makes the whole tracestate invalid.
func (l *list) add(raw string, start int) bool {
	member := strings.Trim(raw, " \t")
	key, value, ok := strings.Cut(member, "=")
	if !ok || !validKey(key) || !validValue(value) {
		return false
	}
	if len(member) != len(raw) {
		l.untidy = true
	}
	if l.has(key) {
		l.untidy = true
		return true
	}
	if l.n == maxMembers {
		return false
	}
	if l.n == 0 {
		l.start = start
	}
	l.members[l.n] = member
	l.n++
	if key == sampler.StateKey {
		l.ot = l.n
	}
	return true
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

// validKey holds a key to Trace Context level 2, which has all of level 1.
func validKey(key string) bool {
	if key == "" || len(key) > maxMemberPart || stateChars[key[0]]&keyStart == 0 {
		return false
	}
	for i := range len(key) {
		if stateChars[key[i]]&keyChar == 0 {
			return false
		}
	}
	return true
}

// validValue holds a value, which ends in no space, to the specification.
func validValue(value string) bool {
	if value == "" || len(value) > maxMemberPart {
		return false
	}
	for i := range len(value) {
		if stateChars[value[i]]&valueChar == 0 {
			return false
		}
	}
	return true
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
