package segment

import (
	"encoding/binary"
	"errors"
)

// ErrMalformed says that bytes are not OTLP protobuf.
var ErrMalformed = errors.New("not a valid OTLP message")

// Field numbers of opentelemetry/proto/trace/v1/trace.proto that segments take
// apart; all others travel as they are.
const (
	requestResourceSpans = 1

	resourceSpansScopeSpans = 2

	scopeSpansSpans = 2

	spanTraceID    = 1
	spanSpanID     = 2
	spanParentID   = 4
	spanName       = 5
	spanKind       = 6
	spanStart      = 7
	spanEnd        = 8
	spanAttributes = 9
	spanEvents     = 11
	spanStatus     = 15

	eventTime       = 1
	eventAttributes = 3

	statusCode  = 3
	statusError = 2
)

type spanRecord struct {
	trace                  [16]byte
	id, parent             uint64 // big endian
	start, end             uint64
	scope, head            uint32
	attributes, events     uint32 // where they begin
	attributesTo, eventsTo uint32
}

type eventRecord struct {
	time                     uint64
	head                     uint32
	attributes, attributesTo uint32
}

// Add takes the spans of a request apart. The encoder refers to request until
// it is reset. Spans without IDs are left out.
func (e *Encoder) Add(request []byte) error {
	f := walk(request)
	for f.next() {
		if f.number != requestResourceSpans {
			continue
		}
		if err := e.addResourceSpans(f.bytes); err != nil {
			return err
		}
	}
	return f.failure()
}

func (f *fields) failure() error {
	if f.broken {
		return ErrMalformed
	}
	return nil
}

func (e *Encoder) addResourceSpans(message []byte) error {
	resource, err := e.without(message, resourceSpansScopeSpans)
	if err != nil {
		return err
	}
	r, _ := e.resources.number(resource)
	f := walk(message)
	for f.next() {
		if f.number != resourceSpansScopeSpans {
			continue
		}
		if err := e.addScopeSpans(r, f.bytes); err != nil {
			return err
		}
	}
	return f.failure()
}

// without is the message without the fields of a number.
func (e *Encoder) without(message []byte, number uint64) ([]byte, error) {
	from := len(e.arena)
	f := walk(message)
	for f.next() {
		if f.number != number {
			e.arena = append(e.arena, f.raw()...)
		}
	}
	return e.arena[from:len(e.arena):len(e.arena)], f.failure()
}

func (e *Encoder) addScopeSpans(resource uint32, message []byte) error {
	from := len(e.arena)
	e.arena = binary.AppendUvarint(e.arena, uint64(resource))
	if _, err := e.without(message, scopeSpansSpans); err != nil {
		return err
	}
	scope, _ := e.scopes.number(e.arena[from:len(e.arena):len(e.arena)])
	f := walk(message)
	for f.next() {
		if f.number != scopeSpansSpans {
			continue
		}
		if err := e.addSpan(scope, f.bytes); err != nil {
			return err
		}
	}
	return f.failure()
}

func (e *Encoder) addSpan(scope uint32, message []byte) error {
	s := spanRecord{scope: scope, attributes: uint32(len(e.attributes)), events: uint32(len(e.events))}
	from := len(e.arena)
	e.pending = e.pending[:0]
	f := walk(message)
	for f.next() {
		switch f.number {
		case spanTraceID:
			copy(s.trace[:], f.bytes)
		case spanSpanID:
			s.id = bigEndian(f.bytes)
		case spanParentID:
			s.parent = bigEndian(f.bytes)
		case spanStart:
			s.start = f.integer
		case spanEnd:
			s.end = f.integer
		case spanAttributes:
			n, _ := e.pairs.number(f.bytes)
			e.attributes = append(e.attributes, n)
		case spanEvents:
			e.pending = append(e.pending, f.bytes)
		default:
			e.arena = append(e.arena, f.raw()...)
		}
	}
	s.attributesTo = uint32(len(e.attributes))
	if f.broken || s.trace == [16]byte{} || s.id == 0 {
		e.attributes = e.attributes[:s.attributes]
		return f.failure()
	}
	s.head = e.head(from)
	if err := e.addEvents(&s); err != nil {
		return err
	}
	e.spans = append(e.spans, s)
	return nil
}

func bigEndian(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// head numbers what lies in the arena from there on, and keeps it if it is new.
func (e *Encoder) head(from int) uint32 {
	n, fresh := e.heads.number(e.arena[from:len(e.arena):len(e.arena)])
	if !fresh {
		e.arena = e.arena[:from]
	}
	return n
}

func (e *Encoder) addEvents(s *spanRecord) error {
	for _, message := range e.pending {
		if err := e.addEvent(message); err != nil {
			return err
		}
	}
	s.eventsTo = uint32(len(e.events))
	return nil
}

func (e *Encoder) addEvent(message []byte) error {
	v := eventRecord{attributes: uint32(len(e.attributes))}
	from := len(e.arena)
	f := walk(message)
	for f.next() {
		switch f.number {
		case eventTime:
			v.time = f.integer
		case eventAttributes:
			n, _ := e.pairs.number(f.bytes)
			e.attributes = append(e.attributes, n)
		default:
			e.arena = append(e.arena, f.raw()...)
		}
	}
	v.attributesTo = uint32(len(e.attributes))
	v.head = e.head(from)
	e.events = append(e.events, v)
	return f.failure()
}
