package wire

import (
	"math/bits"
	"strconv"
)

// entry is a value that was coded; its serial, unless 0, names it among the
// values of an epoch that were kept.
type entry struct {
	Value
	serial uint32
	hash   uint32 // of an encoder's
}

// key is an attribute's key (or a field of a record) with what was learned
// about its values.
type key struct {
	name string
	id   int

	ring   []*entry // the last ringSize kept values
	next   int      // of the ring, where the next one goes
	places *places  // an encoder's

	inTrace *entry // the last value in the group
	group   uint64 // for which inTrace holds

	*valueModel // once a value came
}

// valueModel codes values of one key.
type valueModel struct {
	index    []prob // as many as the ring has places, and up to the next power of two
	kind     [8]prob
	form     [4]prob
	sameKind prob
	sameForm prob
	lastKind uint8
	lastForm uint8
	keep     prob
	known    prob
	relative prob
	*numbers       // once there was one
	last     int64 // integer
	unkept   entry // inTrace, where it was not kept
	asked    int   // literals
	found    int   // values found in the ring
}

// numbers code integers, and how many elements lists and maps have.
type numbers struct{ integer, count numberModel }

func (k *key) numberModels() *numbers {
	if k.numbers == nil {
		k.numbers = &numbers{}
	}
	return k.numbers
}

// Forms of a string.
const (
	textForm = iota
	uuidForm
	decimalForm
)

// value codes a value without regard to what it belongs to: by its place in
// the key's ring, or literally.
func (k *key) value(m *model, v *Value) *entry { return k.valueIn(m, v, 0) }

// valueIn codes a value that stands in so many lists and maps.
func (k *key) valueIn(m *model, v *Value, depth int) *entry {
	if k.valueModel == nil {
		k.valueModel = &valueModel{}
		m.hold(modelHeld)
	}
	at, known := 0, false
	if !m.decoding {
		at, known = k.places.find(k.ring, v)
	}
	if len(k.ring) > 0 && m.flag(&k.known, known) {
		at = int(m.tree(k.index[:], bits.Len(uint(len(k.ring)-1)), uint32(at)))
		if at >= len(k.ring) {
			m.fail(CodeReference, "value that the ring has not")
			return &invalid
		}
		k.found++
		return k.ring[at]
	}
	made := k.literal(m, *v, depth)
	k.asked++
	keep := len(made.Text) <= maxRingText && k.found*4 >= k.asked-64
	if !m.flag(&k.keep, keep) {
		m.loose = entry{Value: made, serial: unkept}
		return &m.loose
	}
	if len(made.Text) > maxRingText {
		m.fail(CodeLimit, "ring with a long value")
		return &invalid
	}
	return k.add(m, made)
}

// Serials that are none.
const (
	gone   = 0 // of a value that left its ring
	unkept = 1<<32 - 1
)

// invalid stands for what a frame that is refused has.
var invalid = entry{serial: unkept}

// live reports whether the value is there and did not leave its ring.
func (e *entry) live() bool { return e != nil && e.serial != gone }

// sees notes the open value as the group's last.
func (k *key) sees(m *model, e *entry) {
	if e == &m.loose {
		k.unkept = *e
		e = &k.unkept
		m.unkept = append(m.unkept, k)
	}
	k.inTrace, k.group = e, m.group
}

// forgetUnkept lets go of a group's values that were not kept.
func (m *model) forgetUnkept() {
	for _, k := range m.unkept {
		k.unkept = entry{}
	}
	m.unkept = m.unkept[:0]
}

func (k *key) add(m *model, v Value) *entry {
	m.serial++
	e := &entry{Value: v, serial: m.serial}
	if len(k.ring) < ringSize {
		if k.next = len(k.ring); k.next == len(k.index) {
			k.index = append(k.index, make([]prob, max(k.next, 4))...)
		}
		k.ring = append(k.ring, e)
		m.hold(ringHeld)
	} else {
		old := k.ring[k.next]
		m.held -= uint64(len(old.Text))
		k.places.remove(old, k.next)
		*old = entry{} // some may still name it
		k.ring[k.next] = e
	}
	if !m.decoding {
		if k.places == nil {
			k.places = &places{}
			m.placesMade++
		}
		k.places.add(e, k.next)
	}
	m.hold(uint64(len(v.Text)))
	k.next = (k.next + 1) % ringSize
	return e
}

func (k *key) literal(m *model, v Value, depth int) Value {
	v.Kind = Kind(m.again(&k.sameKind, &k.lastKind, k.kind[:], 3, uint32(v.Kind)))
	switch v.Kind {
	case Empty:
		return Value{}
	case Bool:
		v.Bits = m.bits(1, v.Bits)
	case Int:
		v.Bits = uint64(k.number(m, int64(v.Bits)))
	case Double:
		v.Bits = m.bits(64, v.Bits)
	case String:
		v.Text = k.text(m, v.Text)
	case Bytes:
		v.Text = m.texts.code(m, v.Text)
	case List, Map:
		v.Text = k.nested(m, v, depth)
	}
	return v
}

// number codes an integer, or how far it is from the last.
func (k *key) number(m *model, n int64) int64 {
	delta, numbers := n-k.last, k.numberModels()
	if m.flag(&k.relative, bits.Len64(magnitude(delta)) < bits.Len64(magnitude(n))) {
		n = k.last + m.signed(&numbers.integer, delta)
	} else {
		n = m.signed(&numbers.integer, n)
	}
	k.last = n
	return n
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func (k *key) text(m *model, s string) string {
	form := uint32(textForm)
	var u uuid
	var n uint64
	if !m.decoding {
		form, u, n = formOf(s)
	}
	switch m.again(&k.sameForm, &k.lastForm, k.form[:], 2, form) {
	case textForm:
		return m.texts.code(m, s)
	case uuidForm:
		u = m.texts.uuid(m, u)
		if !m.decoding {
			return m.join(s, "", "")
		}
		return m.join(u.String(), "", "")
	case decimalForm:
		n = uint64(k.number(m, int64(n)))
		if !m.decoding {
			return m.join(s, "", "")
		}
		return m.join(strconv.FormatUint(n, 10), "", "")
	}
	m.fail(CodeMalformed, "unknown form of a string")
	return ""
}

func formOf(s string) (form uint32, u uuid, n uint64) {
	if n, ok := parseDecimal(s); ok {
		return decimalForm, u, n
	}
	if u, ok := parseUUID(s); ok {
		return uuidForm, u, 0
	}
	return textForm, u, 0
}

// parseDecimal reads only what strconv.FormatUint would write, up to 18 digits.
func parseDecimal(s string) (n uint64, ok bool) {
	if len(s) == 0 || len(s) > 18 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint64(d)
	}
	return n, true
}

// nested codes a list or map element by element, each like a value of the key.
func (k *key) nested(m *model, v Value, depth int) string {
	if depth >= MaxDepth {
		m.fail(CodeLimit, "values nested too deep")
		return ""
	}
	if !m.decoding {
		k.encodeNested(m, v, depth)
		return v.Text
	}
	n := m.number(&k.numberModels().count, 0)
	if !m.chargeElements(n) {
		return ""
	}
	var text []byte
	for range n {
		var name string
		if v.Kind == Map {
			name = m.texts.code(m, "")
		}
		element := k.element(m, Value{}, depth)
		if m.failed() || !m.charge(uint64(len(name)+len(element.Text))) {
			return ""
		}
		text = AppendNested(text, v.Kind, name, element)
	}
	return string(text)
}

func (k *key) encodeNested(m *model, v Value, depth int) {
	n := uint64(0)
	for rest, err := v.Text, error(nil); rest != ""; n++ {
		if _, _, rest, err = CutNested(rest, v.Kind); err != nil {
			m.fail(CodeMalformed, "list or map is none")
			return
		}
	}
	m.number(&k.numberModels().count, n)
	if !m.chargeElements(n) {
		return
	}
	for rest := v.Text; rest != "" && m.err == nil; {
		var name string
		var element Value
		name, element, rest, _ = CutNested(rest, v.Kind)
		if v.Kind == Map {
			m.texts.code(m, name)
		}
		k.element(m, element, depth)
		m.charge(uint64(len(name) + len(element.Text)))
	}
}

func (m *model) chargeElements(n uint64) bool {
	return n <= MaxDecoded && m.charge(16*n) || m.tooMuch("list or map with too many elements")
}

func (m *model) tooMuch(why string) bool {
	m.fail(CodeLimit, why)
	return false
}

// element codes a simple element by the ring; another is never kept. A list or
// map told as a simple one is refused before it is read: its elements might be
// told so, too, a million deep in a few kilobytes.
func (k *key) element(m *model, v Value, depth int) Value {
	if m.flag(&m.nestedFlag, v.Kind == List || v.Kind == Map) {
		return k.literal(m, v, depth+1)
	}
	e := k.valueIn(m, &v, MaxDepth)
	if e.Kind == List || e.Kind == Map {
		m.tooMuch("list or map told as a simple element")
	}
	return e.Value
}
