package wire

import "encoding/binary"

// texts code strings that no dictionary has: as what differs from one of the
// last few, with UUIDs as 16 bytes. The zero value is ready.
type texts struct {
	recent [1 << textBits]string
	next   uint32
	uuids  [1 << uuidBits]uuid
	uuidAt uint32

	reference      [1 << textBits]prob
	prefix, suffix numberModel
	length         numberModel
	form           [4]prob
	uuidIndex      [1 << uuidBits]prob
	version        [16]prob
	variant        [4]prob
	sameVersion    prob
	sameVariant    prob
	lastVersion    uint8
	lastVariant    uint8
	letter         [4][256]prob
}

// Forms of the middle, which is what the reference has not.
const (
	plainMiddle = iota
	newUUID
	knownUUID
)

// code codes s. A decoder's text is charged before it is made.
func (t *texts) code(m *model, s string) string {
	var ref, prefix, suffix int
	if !m.decoding {
		ref, prefix, suffix = t.best(s)
	}
	ref = int(m.tree(t.reference[:], textBits, uint32(ref)))
	of := t.recent[ref]
	prefix = int(m.number(&t.prefix, uint64(prefix)))
	suffix = int(m.number(&t.suffix, uint64(suffix)))
	if m.decoding {
		if uint(prefix) > uint(len(of)) || uint(suffix) > uint(len(of)-prefix) {
			m.fail(CodeReference, "text from a reference that is too short")
			return ""
		}
		s = t.decodeMiddle(m, of[:prefix], of[len(of)-suffix:])
	} else {
		t.encodeMiddle(m, s[prefix:len(s)-suffix])
		m.charge(uint64(len(s)))
	}
	if s != "" && len(s) <= maxReference {
		t.recent[t.next] = s
		t.next = (t.next + 1) % (1 << textBits)
	}
	return s
}

// best is the recent text that has most of s at its ends. A UUID is cut out of
// s whole or not at all.
func (t *texts) best(s string) (ref, prefix, suffix int) {
	from, to := findUUID(s)
	most := 0
	for i, of := range &t.recent {
		p := commonPrefix(s, of)
		f := commonSuffix(s[p:], of[p:])
		if p+f < len(s) && from >= 0 {
			if p > from && p < to {
				p = from
			}
			if rest := len(s) - f; rest < to && rest > from {
				f = len(s) - to
			}
		}
		if p+f > most {
			ref, prefix, suffix, most = i, p, f, p+f
		}
	}
	return ref, prefix, suffix
}

// commonPrefix and commonSuffix skip parts that are equal as a whole.
func commonPrefix(a, b string) (n int) {
	const part = 16
	most := min(len(a), len(b))
	for n+part <= most && a[n:n+part] == b[n:n+part] {
		n += part
	}
	for n < most && a[n] == b[n] {
		n++
	}
	return n
}

func commonSuffix(a, b string) (n int) {
	const part = 16
	most := min(len(a), len(b))
	for n+part <= most && a[len(a)-n-part:len(a)-n] == b[len(b)-n-part:len(b)-n] {
		n += part
	}
	for n < most && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

func (t *texts) encodeMiddle(m *model, s string) {
	u, ok := parseUUID(s)
	if !ok {
		m.tree(t.form[:], 2, plainMiddle)
		m.number(&t.length, uint64(len(s)))
		class := 0
		for i := range len(s) {
			m.tree(t.letter[class][:], 8, uint32(s[i]))
			class = classOf(s[i])
		}
		return
	}
	for i := range t.uuids {
		if t.uuids[i] == u {
			m.tree(t.form[:], 2, knownUUID)
			m.tree(t.uuidIndex[:], uuidBits, uint32(i))
			return
		}
	}
	m.tree(t.form[:], 2, newUUID)
	t.uuid(m, u)
}

func (t *texts) decodeMiddle(m *model, prefix, suffix string) string {
	switch form := m.tree(t.form[:], 2, 0); form {
	case plainMiddle:
		return t.decodePlain(m, prefix, suffix)
	case newUUID:
		return m.join(prefix, t.uuid(m, uuid{}).String(), suffix)
	case knownUUID:
		return m.join(prefix, t.uuids[m.tree(t.uuidIndex[:], uuidBits, 0)].String(), suffix)
	}
	m.fail(CodeMalformed, "unknown form of a text")
	return ""
}

func (t *texts) decodePlain(m *model, prefix, suffix string) string {
	n := m.number(&t.length, 0)
	if !m.charge(n) || !m.charge(uint64(len(prefix)+len(suffix))) {
		return ""
	}
	b := append(make([]byte, 0, min(int(n), 1<<10)+len(prefix)+len(suffix)), prefix...)
	class := 0
	for range n {
		if m.overrun() {
			m.fail(CodeTruncated, "frame ends within a text")
			return ""
		}
		c := byte(m.tree(t.letter[class][:], 8, 0))
		b = append(b, c)
		class = classOf(c)
	}
	return string(append(b, suffix...))
}

// classOf is what a letter says of the next.
func classOf(c byte) int {
	switch {
	case c >= 'a' && c <= 'z':
		return 1
	case c >= '0' && c <= '9':
		return 2
	case c >= 'A' && c <= 'Z':
		return 3
	}
	return 0
}

// uuid codes one that is not known; its version and variant are modelled, the
// rest is raw.
func (t *texts) uuid(m *model, u uuid) uuid {
	u[6] = byte(m.again(&t.sameVersion, &t.lastVersion, t.version[:], 4, uint32(u[6]>>4)))<<4 | u[6]&15
	u[8] = byte(m.again(&t.sameVariant, &t.lastVariant, t.variant[:], 2, uint32(u[8]>>6)))<<6 | u[8]&63
	high, low := binary.BigEndian.Uint64(u[:]), binary.BigEndian.Uint64(u[8:])
	rest := m.bits(60, high>>16<<12|high&0xfff)
	high = rest>>12<<16 | high&0xf000 | rest&0xfff
	low = low>>62<<62 | m.bits(62, low&(1<<62-1))
	binary.BigEndian.PutUint64(u[:], high)
	binary.BigEndian.PutUint64(u[8:], low)
	t.uuids[t.uuidAt] = u
	t.uuidAt = (t.uuidAt + 1) % (1 << uuidBits)
	return u
}
