package wire

// Class is what a record describes.
type Class uint8

// The classes of records.
const (
	ClassSpan Class = iota
	ClassEvent
	ClassLink
	ClassScope
	ClassResource
	classes
)

// Fields of each class: the slots that stand before its attributes.
const (
	SpanName = iota
	SpanKind
	SpanFlags
	SpanTraceState
	SpanStatusCode
	SpanStatusMessage
	SpanDroppedAttributes
	SpanDroppedEvents
	SpanDroppedLinks
	spanFields

	EventName              = 0
	EventDroppedAttributes = 1
	eventFields            = 2

	LinkTraceState        = 0
	LinkFlags             = 1
	LinkDroppedAttributes = 2
	linkFields            = 3

	ScopeName              = 0
	ScopeVersion           = 1
	ScopeSchemaURL         = 2
	ScopeDroppedAttributes = 3
	scopeFields            = 4

	ResourceSchemaURL         = 0
	ResourceDroppedAttributes = 1
	resourceFields            = 2
)

var fieldsOf = [classes]int{spanFields, eventFields, linkFields, scopeFields, resourceFields}

// Fields is how many fields the class has.
func (c Class) Fields() int { return fieldsOf[c] }

// Template is a record with some of its values still open. It is told once an
// epoch.
type Template struct {
	// Cache is for whoever makes other things of records to keep what it made
	// of the template.
	Cache any

	id       int
	shape    *shape
	values   []*Value // nothing where variable; shared with those of the shape
	variable []int32
	size     uint64

	parts           successors  // what events and links follow
	children, roots *successors // what follows as first child, or in the group without a parent
	more            prob        // whether another span of the trace follows
	fixed           []fixed     // slots that are not variable, an encoder's
	probe           int32       // of fixed, where it did not fit last; an encoder's
	order           *order      // in which attributes came last, an encoder's
	number          int         // of a scope or resource, an encoder's
	process         int         // a resource's place among bases, plus one
}

// Class is what the record describes.
func (t *Template) Class() Class { return t.shape.class }

// Scope is a span's scope, and a scope's resource.
func (t *Template) Scope() *Template { return t.shape.of }

// Len is how many slots the record has: its class's fields, then attributes.
func (t *Template) Len() int { return len(t.values) }

// Key is the key of a slot that is an attribute.
func (t *Template) Key(slot int) string { return t.shape.slots[slot].key.name }

// Value is a slot's value, unless it is among Variable.
func (t *Template) Value(slot int) Value { return *t.values[slot] }

// ShapeCache is Cache for all templates of the same class and keys.
func (t *Template) ShapeCache() *any { return &t.shape.cache }

// Variable are the slots whose values each record brings, rising.
func (t *Template) Variable() []int32 { return t.variable }

// fixed is a slot with its value.
type fixed struct {
	slot  int32
	value Value
}

// nothing is the value of a slot that has none of its own.
var nothing Value

// shape is what templates of the same keys have in common.
type shape struct {
	id     int
	class  Class
	of     *Template // a span's scope, a scope's resource
	slots  []slot
	newest *Template

	cache any

	start, end timeModel
	parent     parentModel

	byHash map[uint64]*Template // an encoder's
}

type slot struct {
	key      *key
	last     *entry
	id       uint32
	miss     [3]prob // of what is given, of the trace's value, of the last
	variable prob
	same     prob

	open bool     // variable in new templates; an encoder's
	seen []uint32 // hashes of values, an encoder's
}

// successors are the templates that followed in the same place, newest first.
type successors struct {
	hit [successorSize]prob
	n   int
	of  [successorSize]successor
}

type successor struct {
	t    *Template   // nil is the end of a span's parts
	then *successors // where a span's next child or follower stands, once known
}

func (s *successors) use(at int, c successor) {
	if at < 0 {
		s.n = min(s.n+1, successorSize)
		at = s.n - 1
	}
	copy(s.of[1:at+1], s.of[:at])
	s.of[0] = c
}

// choose codes which template follows; nil is the end of a span's parts. A
// template that is not known (an encoder's draft) is defined.
func (m *model) choose(s *successors, part bool, t *Template, d *draft) *Template {
	for i := range s.n {
		if m.flag(&s.hit[i], s.of[i].t == t && d == nil) {
			t = s.of[i].t
			if i > 0 {
				s.use(i, s.of[i])
			}
			if t == nil && !part {
				m.fail(CodeReference, "template that was never told")
			}
			return t
		}
	}
	t = m.chooseOther(part, t, d)
	s.use(-1, successor{t: t})
	return t
}

func (m *model) chooseOther(part bool, t *Template, d *draft) *Template {
	at, want := 0, uint64(0)
	if t != nil {
		want = uint64(t.id) + 1
	}
	if part {
		at = 1
	}
	if m.flag(&m.isNew[at], d != nil) {
		class := ClassSpan
		if part {
			class = ClassEvent
			if m.flag(&m.isLink, d != nil && d.class == ClassLink) {
				class = ClassLink
			}
		}
		return m.define(class, d)
	}
	return m.templateOf(m.number(&m.otherID, want), part)
}

// templateOf is the template that may stand where a span, or a part of one, may.
func (m *model) templateOf(id uint64, part bool) *Template {
	if id == 0 && part {
		return nil
	}
	if id == 0 || id > uint64(len(m.templates)) {
		m.fail(CodeReference, "template that was never told")
		return nil
	}
	t := m.templates[id-1]
	if c := t.shape.class; part && c != ClassEvent && c != ClassLink || !part && c != ClassSpan {
		m.fail(CodeMalformed, "template of another class")
		return nil
	}
	return t
}
