package segment

import "github.com/jcallgraph/jcallgraph/callgraph"

// Condition is what a search asks of one span.
type Condition struct {
	Environment, Namespace, Service, Operation string // empty: any
	Attributes                                 map[string]string
	Failed                                     bool
	Least, Most                                int64 // nanoseconds; Most 0: any
	From, To                                   int64 // of the start: From <= start < To
}

// Terms that every span which meets the condition has. An environment is none
// of them, as either of two attributes may name it; nor is the service that
// has no name.
func (c *Condition) Terms() []Term {
	var terms []Term
	if c.Namespace != "" {
		terms = append(terms, AttributeTerm(callgraph.NamespaceKey, c.Namespace))
	}
	if c.Service != "" && c.Service != callgraph.UnknownService {
		terms = append(terms, AttributeTerm(callgraph.ServiceKey, c.Service))
	}
	for k, v := range c.Attributes {
		terms = append(terms, AttributeTerm(k, v))
	}
	if c.Operation != "" {
		terms = append(terms, OperationTerm(c.Operation))
	}
	if c.Failed {
		terms = append(terms, FailedTerm())
	}
	return terms
}

// Octaves are those, as bits, that the condition's durations lie in.
func (c *Condition) Octaves() uint64 {
	all := ^uint64(0) << Octave(c.Least)
	if c.Least <= 0 {
		all = ^uint64(0)
	}
	if c.Most > 0 {
		all &= 1<<(Octave(c.Most)+1) - 1
	}
	return all
}

// Match yields trace and start of each span that meets the condition.
func (b *Body) Match(c *Condition, yield func(trace *[16]byte, start int64)) {
	m, ok := b.matcher(c)
	if !ok {
		return
	}
	for t := range b.segment.Traces {
		trace := &b.segment.Traces[t]
		for i := trace.From; i < trace.To; i++ {
			if m.meets(i) {
				yield(&trace.ID, b.segment.Start(i))
			}
		}
	}
}

// matcher is a condition in numbers of a body's tables.
type matcher struct {
	*Condition
	body   *Body
	scopes []uint64 // bits of the attributes that a scope or its resource has; noScope: another service
	heads  []bool
	pairs  []uint64 // bits of the attributes that a pair is
	wanted uint64
}

// noScope marks scopes that no wanted span has.
const noScope = 1 << 63

// matcher is false where no span can meet the condition.
func (b *Body) matcher(c *Condition) (*matcher, bool) {
	if len(c.Attributes) > MaxAttributes {
		return nil, false
	}
	m := &matcher{Condition: c, body: b, heads: make([]bool, b.heads.len()), pairs: make([]uint64, b.pairs.len())}
	bit := uint64(1)
	attributes := make(map[string]uint64, len(c.Attributes))
	for k := range c.Attributes {
		attributes[k] = bit
		m.wanted |= bit
		bit <<= 1
	}
	for i := range m.pairs {
		m.pairs[i] = c.bits(attributes, b.pairs.at(uint32(i)))
	}
	for i := range m.heads {
		m.heads[i] = c.acceptsHead(b.heads.at(uint32(i)))
	}
	for i := range b.scopes.len() {
		m.scopes = append(m.scopes, m.scope(i, attributes))
	}
	return m, true
}

// MaxAttributes is how many attributes a condition may have.
const MaxAttributes = 62

func (c *Condition) bits(attributes map[string]uint64, pair []byte) (all uint64) {
	for k, v := range c.Attributes {
		if hasPair(pair, k, v) {
			all |= attributes[k]
		}
	}
	return all
}

func (c *Condition) acceptsHead(message []byte) bool {
	if c.Operation == "" && !c.Failed {
		return true
	}
	h := readHead(message)
	return (c.Operation == "" || text(h.name) == c.Operation) && (!c.Failed || h.failed)
}

func (m *matcher) scope(i int, attributes map[string]uint64) (all uint64) {
	resource := m.body.resources.at(m.body.scopeResources[i])
	add := func(pair []byte) { all |= m.bits(attributes, pair) }
	resourcePairs(resource, add)
	scopePairs(m.body.scopes.at(uint32(i)), add)
	n := serviceName(resource)
	if !accepts(m.Environment, n.Environment) || !accepts(m.Namespace, n.Namespace) || !accepts(m.Service, n.Service) {
		return noScope
	}
	return all
}

func accepts(wanted, got string) bool { return wanted == "" || wanted == got }

func (m *matcher) meets(i int) bool {
	s := &m.body.spans[i]
	all := m.scopes[s.scope]
	if all == noScope || !m.heads[s.head] || !m.inTime(i) {
		return false
	}
	for _, n := range m.body.attributes[s.attributes:s.attributesTo] {
		all |= m.pairs[n]
	}
	return all == m.wanted
}

func (m *matcher) inTime(i int) bool {
	start := m.body.segment.Start(i)
	if start < m.From || start >= m.To {
		return false
	}
	d := Duration(start, m.body.segment.End(i))
	return (m.Least == 0 || d >= m.Least) && (m.Most == 0 || d <= m.Most)
}
