package sdktest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Spans are some of a recorder's.
type Spans []sdktrace.ReadOnlySpan

// Named are those of a name.
func (s Spans) Named(name string) Spans {
	return s.where(func(span sdktrace.ReadOnlySpan) bool { return span.Name() == name })
}

// Failed are those of status Error.
func (s Spans) Failed() Spans {
	return s.where(func(span sdktrace.ReadOnlySpan) bool { return span.Status().Code == codes.Error })
}

// With are those that have the attribute.
func (s Spans) With(a attribute.KeyValue) Spans {
	return s.where(func(span sdktrace.ReadOnlySpan) bool { return slices.Contains(span.Attributes(), a) })
}

// WithError are those that recorded err, or an error that it wraps: by the
// text, which is what a span keeps of an error.
func (s Spans) WithError(err error) Spans {
	return s.where(func(span sdktrace.ReadOnlySpan) bool {
		for e := err; e != nil; e = errors.Unwrap(e) {
			if slices.Contains(exceptions(span), e.Error()) {
				return true
			}
		}
		return false
	})
}

// Below are the children of a span.
func (s Spans) Below(parent sdktrace.ReadOnlySpan) Spans {
	return s.where(func(span sdktrace.ReadOnlySpan) bool {
		return span.Parent().SpanID() == parent.SpanContext().SpanID()
	})
}

// Names are the spans' names, in order.
func (s Spans) Names() []string {
	var names []string
	for _, span := range s {
		names = append(names, span.Name())
	}
	return names
}

func (s Spans) where(holds func(sdktrace.ReadOnlySpan) bool) Spans {
	var found Spans
	for _, span := range s {
		if holds(span) {
			found = append(found, span)
		}
	}
	return found
}

// exceptions are the messages of a span's exception events.
func exceptions(span sdktrace.ReadOnlySpan) (messages []string) {
	for _, e := range span.Events() {
		for _, a := range e.Attributes {
			if a.Key == "exception.message" {
				messages = append(messages, a.Value.String())
			}
		}
	}
	return messages
}

// String is a tree for each trace: roots, and spans whose parent is elsewhere,
// by their start, below each its children by theirs.
func (s Spans) String() string {
	spans := slices.Clone(s)
	slices.SortStableFunc(spans, func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	here := map[trace.SpanID]bool{}
	for _, span := range spans {
		here[span.SpanContext().SpanID()] = true
	}
	var b strings.Builder
	for _, span := range spans {
		if !here[span.Parent().SpanID()] {
			spans.print(&b, span, "")
		}
	}
	return b.String()
}

func (s Spans) print(b *strings.Builder, span sdktrace.ReadOnlySpan, indent string) {
	fmt.Fprintf(b, "%s%s\n", indent, describe(span))
	for _, child := range s.Below(span) {
		s.print(b, child, indent+"  ")
	}
}

// describe is a span in one line: name, kind, what it says, how it went.
func describe(span sdktrace.ReadOnlySpan) string {
	parts := []string{span.Name(), span.SpanKind().String()}
	for _, a := range span.Attributes() {
		if !strings.HasPrefix(string(a.Key), "jcg.") {
			parts = append(parts, string(a.Key)+"="+a.Value.String())
		}
	}
	if st := span.Status(); st.Code != codes.Unset {
		parts = append(parts, strings.TrimSpace(st.Code.String()+" "+st.Description))
	}
	for _, message := range exceptions(span) {
		parts = append(parts, "exception: "+message)
	}
	if span.EndTime().IsZero() {
		parts = append(parts, "(not ended)")
	}
	return strings.Join(parts, " ")
}

// String is all that the recorder has: spans that ended, and those still open.
func (r *Recorder) String() string {
	return append(r.Spans(), r.Open()...).String()
}
