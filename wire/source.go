package wire

// Source is a batch of spans as an encoder reads it, most spans once. Dictionaries
// keep some of its texts: they must not change, and keep alive what they are a
// part of.
type Source interface {
	// Len is how many spans there are.
	Len() int
	// Place says where a span belongs, by which spans are ordered.
	Place(i int) (traceID [16]byte, start, end uint64)
	// Span writes a span over into, whose slices are for use again.
	Span(i int, into *SourceSpan)
	// Scope writes over into the scope that a span's Scope names.
	Scope(i int, into *SourceScope)
}

// SourceSpan is a span to be encoded.
type SourceSpan struct {
	TraceID          [16]byte
	SpanID, ParentID [8]byte
	Start, End       uint64
	Scope            int // as Source.Scope knows it
	Fields           [spanFields]Value
	Attributes       []Attribute
	Parts            []SourcePart
}

// SourcePart is an event or a link.
type SourcePart struct {
	Class      Class
	Time       uint64   // an event's
	TraceID    [16]byte // a link's
	SpanID     [8]byte
	Fields     [linkFields]Value
	Attributes []Attribute
}

// AddPart makes room for another part, whose slices are for use again.
func (s *SourceSpan) AddPart(c Class) *SourcePart {
	if len(s.Parts) < cap(s.Parts) {
		s.Parts = s.Parts[:len(s.Parts)+1]
	} else {
		s.Parts = append(s.Parts, SourcePart{})
	}
	p := &s.Parts[len(s.Parts)-1]
	*p = SourcePart{Class: c, Attributes: p.Attributes[:0]}
	return p
}

// SourceScope is a scope with its resource.
type SourceScope struct {
	Fields             [scopeFields]Value
	Attributes         []Attribute
	ResourceFields     [resourceFields]Value
	ResourceAttributes []Attribute
}
