package framedump

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/wire"
)

const clock = "2006-01-02T15:04:05.000000000Z" // all digits, so that lines are aligned

// Span implements wire.Sink.
func (p *printer) Span(s *wire.Span) {
	p.total.spans++
	if scope := s.Template.Scope(); p.verbose && scope != p.scope {
		p.scope = scope
		p.linef(1, "resource of %s", service(scope.Scope()))
		p.slots(2, wire.Record{Template: scope.Scope()})
		p.linef(1, "scope")
		p.slots(2, wire.Record{Template: scope})
	}
	p.linef(1, "%s", summary(s))
	if !p.verbose {
		return
	}
	p.slots(2, s.Record)
	for _, part := range s.Parts {
		p.part(s, part)
	}
}

func summary(s *wire.Span) string {
	start := time.Unix(0, int64(s.Start)).UTC()
	text := fmt.Sprintf("%s %v %s %s %q trace %x span %x", start.Format(clock), time.Duration(s.End-s.Start), service(s.Template.Scope().Scope()),
		kindOf(s), slot(s.Record, wire.SpanName).Text, s.TraceID, s.SpanID)
	if s.ParentID != ([8]byte{}) {
		text += fmt.Sprintf(" parent %x", s.ParentID)
	}
	if code := slot(s.Record, wire.SpanStatusCode).Bits; code != 0 {
		text += " " + strings.ToLower(ptrace.StatusCode(int32(code)).String())
	}
	if why := slot(s.Record, wire.SpanStatusMessage).Text; why != "" {
		text += fmt.Sprintf(" %q", why)
	}
	return text + counts(s)
}

func counts(s *wire.Span) (text string) {
	links := 0
	for _, part := range s.Parts {
		if part.Template.Class() == wire.ClassLink {
			links++
		}
	}
	if events := len(s.Parts) - links; events > 0 {
		text += fmt.Sprintf(" events %d", events)
	}
	if links > 0 {
		text += fmt.Sprintf(" links %d", links)
	}
	return text
}

func kindOf(s *wire.Span) string {
	return strings.ToLower(ptrace.SpanKind(int32(slot(s.Record, wire.SpanKind).Bits)).String())
}

// service is the name in a resource, as text that stands on a line.
func service(resource *wire.Template) string {
	for i := resource.Class().Fields(); i < resource.Len(); i++ {
		if resource.Key(i) == "service.name" {
			return show(resource.Value(i))
		}
	}
	return "(no service.name)"
}

func (p *printer) part(s *wire.Span, part wire.Record) {
	if part.Template.Class() == wire.ClassLink {
		p.linef(2, "link to trace %x span %x", part.TraceID, part.SpanID)
	} else {
		p.linef(2, "event after %v %q", time.Duration(part.Time-s.Start), slot(part, wire.EventName).Text)
	}
	p.slots(3, part)
}

// slot is a record's value, told by its template or by itself.
func slot(r wire.Record, i int) wire.Value {
	if at, open := slices.BinarySearch(r.Template.Variable(), int32(i)); open {
		return r.Open[at]
	}
	return r.Template.Value(i)
}

// fields name a class's fields; "" where its record's line has it.
var fields = map[wire.Class][]string{
	wire.ClassSpan:     {"", "", "flags", "tracestate", "", "", "dropped attributes", "dropped events", "dropped links"},
	wire.ClassEvent:    {"", "dropped attributes"},
	wire.ClassLink:     {"tracestate", "flags", "dropped attributes"},
	wire.ClassScope:    {"name", "version", "schema URL", "dropped attributes"},
	wire.ClassResource: {"schema URL", "dropped attributes"},
}

// slots prints fields that say something, and all attributes, with their keys
// in quotation marks.
func (p *printer) slots(depth int, r wire.Record) {
	names := fields[r.Template.Class()]
	for i, name := range names {
		if v := slot(r, i); name != "" && (v.Bits != 0 || v.Text != "") {
			p.linef(depth, "%s: %s", name, show(v))
		}
	}
	for i := len(names); i < r.Template.Len(); i++ {
		p.linef(depth, "%q: %s", r.Template.Key(i), show(slot(r, i)))
	}
}

// show is a value on one line.
func show(v wire.Value) string {
	switch v.Kind {
	case wire.String:
		return fmt.Sprintf("%q", v.Text)
	case wire.Bytes:
		return "0x" + hex.EncodeToString([]byte(v.Text))
	case wire.List, wire.Map:
		return showNested(v)
	case wire.Empty:
		return "empty"
	case wire.Bool:
		return fmt.Sprint(v.Bits != 0)
	case wire.Int:
		return fmt.Sprint(int64(v.Bits))
	}
	return fmt.Sprint(math.Float64frombits(v.Bits))
}

func showNested(v wire.Value) string {
	var elements []string
	for rest := v.Text; rest != ""; {
		key, element, tail, err := wire.CutNested(rest, v.Kind)
		if err != nil {
			break // the decoder wrote it
		}
		text := show(element)
		if v.Kind == wire.Map {
			text = fmt.Sprintf("%q: %s", key, text)
		}
		elements, rest = append(elements, text), tail
	}
	if v.Kind == wire.Map {
		return "{" + strings.Join(elements, ", ") + "}"
	}
	return "[" + strings.Join(elements, ", ") + "]"
}
