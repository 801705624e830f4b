package callgraph

import (
	"fmt"
	"strconv"
)

// StaticID names an operation between processes: a 64-bit hash of environment,
// namespace, service and operation (paper 3.1). Zero is no operation.
type StaticID uint64

// StaticIDOf is the static ID of an operation: FNV-1a over its four names,
// each ended by a byte that no UTF-8 text holds, through mix64.
func StaticIDOf(o Operation) StaticID {
	h := uint64(14695981039346656037)
	for _, name := range [...]string{o.Service.Environment, o.Service.Namespace, o.Service.Name, o.Name} {
		for i := range len(name) {
			h = (h ^ uint64(name[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return StaticID(max(mix64(h), 1))
}

// String is sixteen hex digits.
func (s StaticID) String() string { return fmt.Sprintf("%016x", uint64(s)) }

// StateKey is our key in W3C tracestate.
const StateKey = "jcg"

// StateEntry is what our entry in tracestate says to a callee: the entry of
// the chain and the parent of the call, so that one server span alone names
// its edge and its entrance (paper 3.3: entry, parent, current).
type StateEntry struct {
	Entrance StaticID // 0: not known
	Caller   StaticID // 0: not known
	Sender   uint32   // low half of the sending span's ID
	Counted  bool     // the sender counts the client half
}

const (
	stateVersion    = "1"
	stateLength     = len("1:0123456789abcdef:0123456789abcdef:01234567:00")
	maxStateLength  = 64
	stateCountedBit = 1
)

// String is the value of the entry: version, entrance, caller, sender, flags.
func (e StateEntry) String() string {
	flags := 0
	if e.Counted {
		flags |= stateCountedBit
	}
	return fmt.Sprintf("%s:%s:%s:%08x:%02x", stateVersion, e.Entrance, e.Caller, e.Sender, flags)
}

// Indirect reports whether another SDK or proxy, which passed the entry on
// unread, stood between its sender and the span whose parent this is.
func (e StateEntry) Indirect(parent [8]byte) bool {
	low := uint32(parent[4])<<24 | uint32(parent[5])<<16 | uint32(parent[6])<<8 | uint32(parent[7])
	return low != e.Sender
}

// ParseStateEntry reads the value of an entry. Fields and flags that a later
// writer of the same version adds are ignored; another version is an error.
func ParseStateEntry(s string) (StateEntry, error) {
	if err := checkState(s); err != nil {
		return StateEntry{}, err
	}
	var e StateEntry
	entrance, err1 := parseHex(s[2:18])
	caller, err2 := parseHex(s[19:35])
	sender, err3 := parseHex(s[36:44])
	flags, err4 := parseHex(s[45:47])
	for _, err := range [...]error{err1, err2, err3, err4} {
		if err != nil {
			return StateEntry{}, fmt.Errorf("parse tracestate entry %s=%q: %w", StateKey, s, err)
		}
	}
	e.Entrance, e.Caller, e.Sender = StaticID(entrance), StaticID(caller), uint32(sender)
	e.Counted = flags&stateCountedBit != 0
	return e, nil
}

func checkState(s string) error {
	switch {
	case len(s) > maxStateLength:
		return fmt.Errorf("tracestate entry %s has %d characters, at most %d are allowed", StateKey, len(s), maxStateLength)
	case len(s) < stateLength:
		return fmt.Errorf("tracestate entry %s=%q has %d characters, at least %d are needed", StateKey, s, len(s), stateLength)
	case s[:1] != stateVersion:
		return fmt.Errorf("tracestate entry %s has version %q, known is %q", StateKey, s[:1], stateVersion)
	}
	for _, i := range [...]int{1, 18, 35, 44} {
		if s[i] != ':' {
			return fmt.Errorf("tracestate entry %s=%q lacks a colon at character %d", StateKey, s, i)
		}
	}
	if len(s) > stateLength && s[stateLength] != ':' {
		return fmt.Errorf("tracestate entry %s=%q lacks a colon at character %d", StateKey, s, stateLength)
	}
	return nil
}

// parseHex reads lower-case hex digits, as strconv alone would also take
// upper case and signs.
func parseHex(s string) (uint64, error) {
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'f') {
			return 0, fmt.Errorf("%q is not lower-case hex", s)
		}
	}
	return strconv.ParseUint(s, 16, 64)
}
