package wire

// uuid is a UUID of any version, written in lower case.
type uuid [16]byte

const uuidLength = 36

// bytesAt are where a UUID's text has its bytes.
var bytesAt = [len(uuid{})]uint8{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

func (u uuid) String() string {
	const digits = "0123456789abcdef"
	s := [uuidLength]byte{8: '-', 13: '-', 18: '-', 23: '-'}
	for i, at := range bytesAt {
		s[at], s[at+1] = digits[u[i]>>4], digits[u[i]&15]
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
