package callgraph

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// StaticID names an operation between processes: a 64-bit hash of environment,
// namespace, service and operation (paper 3.1). Zero is no operation.
type StaticID uint64

// StaticIDOf is the static ID of an operation: FNV-1a over its four names,
// each ended by a byte that no UTF-8 text holds, through mix64.
func StaticIDOf(o Operation) StaticID {
	return HashNames(o.Service.Environment, o.Service.Namespace, o.Service.Name, o.Name)
}

// SiteIDOf names where a service calls: all calls that it makes to one virtual
// peer (see Node) under one span name, whatever operation of it makes them.
func SiteIDOf(caller Service, peer Operation) StaticID {
	return HashNames(caller.Environment, caller.Namespace, caller.Name, peer.Service.Name, peer.Name)
}

// HashNames is the hash of a static ID's names: see docs/spec/identifiers.md.
func HashNames(names ...string) StaticID {
	h := uint64(14695981039346656037)
	for _, name := range names {
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
	Site     StaticID // where in the caller's service the call is made (SiteIDOf); 0: not known
}

const (
	stateVersion    = "1"
	stateLength     = len("1:0123456789abcdef:0123456789abcdef:01234567:00")
	stateSiteLength = stateLength + len(":0123456789abcdef")
	maxStateLength  = 64
	stateCountedBit = 1
)

// String is the value of the entry: version, entrance, caller, sender, flags
// and, where it is known, the site.
func (e StateEntry) String() string {
	var room [maxStateLength]byte
	return string(e.Append(room[:0]))
}

// Append appends the value of the entry, which has at most 64 characters.
func (e StateEntry) Append(b []byte) []byte {
	flags := byte(0)
	if e.Counted {
		flags |= stateCountedBit
	}
	text := [stateSiteLength]byte{0: stateVersion[0], 1: ':', 18: ':', 35: ':', 44: ':', 47: ':'}
	putHex(text[2:18], uint64(e.Entrance))
	putHex(text[19:35], uint64(e.Caller))
	putHex(text[36:44], uint64(e.Sender)<<32)
	hex.Encode(text[45:47], []byte{flags})
	if e.Site == 0 {
		return append(b, text[:stateLength]...)
	}
	putHex(text[48:], uint64(e.Site))
	return append(b, text[:]...)
}

// putHex fills dst with the first digits of n.
func putHex(dst []byte, n uint64) {
	var whole [8]byte
	binary.BigEndian.PutUint64(whole[:], n)
	hex.Encode(dst, whole[:len(dst)/2])
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
	e.Site = siteOf(s)
	return e, nil
}

// siteOf reads the first of the later fields; what is no site is a field of a
// later writer.
func siteOf(s string) StaticID {
	if len(s) < stateSiteLength || len(s) > stateSiteLength && s[stateSiteLength] != ':' {
		return 0
	}
	site, err := parseHex(s[stateLength+1 : stateSiteLength])
	if err != nil {
		return 0
	}
	return StaticID(site)
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

// parseHex reads at most 16 lower-case hex digits; strconv would also take
// upper case and signs, and takes thrice as long.
func parseHex(s string) (uint64, error) {
	n, bad := uint64(0), byte(0)
	for i := range len(s) {
		digit := hexDigits[s[i]]
		bad |= digit
		n = n<<4 | uint64(digit)
	}
	if bad > 0xf {
		return 0, fmt.Errorf("%q is not lower-case hex", s)
	}
	return n, nil
}

// hexDigits has 0xff for what is no digit.
var hexDigits = func() (digits [256]byte) {
	for i := range digits {
		digits[i] = 0xff
	}
	for i, c := range "0123456789abcdef" {
		digits[c] = byte(i)
	}
	return digits
}()

// KeyRandomness is 56 bits that a business key and a secret decide: the
// randomness (ot=rv) of every trace that carries the key, so that they are
// sampled together (docs/spec/identifiers.md).
func KeyRandomness(secret, key string) uint64 {
	return uint64(HashNames(secret, key)) & (1<<56 - 1)
}
