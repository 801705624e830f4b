package tracecontext

import (
	"strings"

	"go.opentelemetry.io/otel/propagation"
)

// The headers as http.Header keeps them. Its own methods would make these
// names from the lower-case ones at each call.
const (
	parentField  = "Traceparent"
	stateField   = "Tracestate"
	baggageField = "Baggage"
)

// lines are the values that a carrier has of one header.
type lines struct {
	first string
	more  []string
}

func read(carrier propagation.TextMapCarrier, header, field string) lines {
	var values []string
	switch c := carrier.(type) {
	case propagation.HeaderCarrier:
		values = c[field]
	case propagation.ValuesGetter:
		values = c.Values(header)
	default:
		return lines{first: carrier.Get(header)}
	}
	if len(values) == 0 {
		return lines{}
	}
	return lines{first: values[0], more: values[1:]}
}

// joined is one header for all lines, as HTTP has it of lists.
func (l lines) joined() string {
	if len(l.more) == 0 {
		return l.first
	}
	return l.first + "," + strings.Join(l.more, ",")
}

// headers are what is written. An empty one is left alone, as the carrier may
// have its own, unless that must not go out: a proxy passes on what it got.
type headers struct {
	parent, state, baggage string

	dropState, dropBaggage bool
}

func (h headers) write(carrier propagation.TextMapCarrier) {
	if c, ok := carrier.(propagation.HeaderCarrier); ok {
		h.writeHTTP(c)
		return
	}
	set(carrier, stateHeader, h.state, h.dropState)
	set(carrier, parentHeader, h.parent, false)
	set(carrier, baggageHeader, h.baggage, h.dropBaggage)
}

func set(carrier propagation.TextMapCarrier, header, value string, drop bool) {
	if value != "" || drop && carrier.Get(header) != "" {
		carrier.Set(header, value)
	}
}

// writeHTTP sets all three from one piece of memory. None can grow into the next.
func (h headers) writeHTTP(c propagation.HeaderCarrier) {
	values := [...]string{h.parent, h.state, h.baggage}
	shared := values[:]
	setHTTP(c, parentField, shared[0:1:1], false)
	setHTTP(c, stateField, shared[1:2:2], h.dropState)
	setHTTP(c, baggageField, shared[2:3:3], h.dropBaggage)
}

func setHTTP(c propagation.HeaderCarrier, field string, value []string, drop bool) {
	switch {
	case value[0] != "":
		c[field] = value
	case drop:
		delete(c, field)
	}
}
