package wire

import "encoding/hex"

// uuid is a UUID of any version, written in lower case.
type uuid [16]byte

const uuidLength = 36

// dashes are where a UUID's text has them.
var dashes = [...]int{8, 13, 18, 23}

func (u uuid) String() string {
	var s [uuidLength]byte
	hex.Encode(s[:8], u[:4])
	hex.Encode(s[9:13], u[4:6])
	hex.Encode(s[14:18], u[6:8])
	hex.Encode(s[19:23], u[8:10])
	hex.Encode(s[24:], u[10:])
	for _, i := range dashes {
		s[i] = '-'
	}
	return string(s[:])
}

// parseUUID reads only what String would write.
func parseUUID(s string) (u uuid, ok bool) {
	if len(s) != uuidLength || !dashed(s) {
		return u, false
	}
	n := 0
	for i := 0; i < uuidLength; i++ {
		if s[i] == '-' {
			i++
		}
		if i+1 >= uuidLength {
			return u, false
		}
		high, low := unhex[s[i]], unhex[s[i+1]]
		if high|low > 15 || n == len(u) {
			return u, false
		}
		u[n] = high<<4 | low
		n++
		i++
	}
	return u, n == len(u)
}

func dashed(s string) bool {
	return s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-'
}

var unhex = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range "0123456789abcdef" {
		t[c] = byte(i)
	}
	return t
}()

// findUUID is where s has its first UUID, or -1.
func findUUID(s string) (from, to int) {
	for i := 0; i+uuidLength <= len(s); i++ {
		if s[i+8] != '-' || !dashed(s[i:]) {
			continue
		}
		if _, ok := parseUUID(s[i : i+uuidLength]); ok {
			return i, i + uuidLength
		}
	}
	return -1, -1
}
