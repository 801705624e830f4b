package dropin

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// rendering turns spans into text that leaves out what two runs may differ in:
// IDs become the tree and the names that links lead to, times become order.
type rendering struct {
	strings.Builder
	names    map[trace.SpanID]string
	children map[trace.SpanID][]sdktrace.ReadOnlySpan
}

// render is the text of all spans: roots, and spans of parents elsewhere, by
// their start, below each its children by theirs.
func render(spans []sdktrace.ReadOnlySpan) string {
	r := &rendering{names: map[trace.SpanID]string{}, children: map[trace.SpanID][]sdktrace.ReadOnlySpan{}}
	spans = slices.Clone(spans)
	slices.SortStableFunc(spans, func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	for _, s := range spans {
		r.names[s.SpanContext().SpanID()] = s.Name()
	}
	var roots []sdktrace.ReadOnlySpan
	for _, s := range spans {
		parent := s.Parent().SpanID()
		if _, here := r.names[parent]; here {
			r.children[parent] = append(r.children[parent], s)
		} else {
			roots = append(roots, s)
		}
	}
	for _, s := range roots {
		r.tree(s, s.SpanContext().TraceID(), "")
	}
	return r.String()
}

func (r *rendering) tree(s sdktrace.ReadOnlySpan, id trace.TraceID, indent string) {
	sc := s.SpanContext()
	scope := s.InstrumentationScope()
	r.linef(indent, "%s %s %s", s.Name(), s.SpanKind(), place(s.Parent()))
	if sc.TraceID() != id {
		r.linef(indent, "! in another trace than its parent")
	}
	if sc.IsRemote() || !sc.IsValid() {
		r.linef(indent, "! context %v", sc)
	}
	r.linef(indent, "| flags %s state %q parent's %s %q", sc.TraceFlags(), state(sc), s.Parent().TraceFlags(), state(s.Parent()))
	r.linef(indent, "| scope %s %s %s %s", scope.Name, scope.Version, scope.SchemaURL, scope.Attributes.Encoded(attribute.DefaultEncoder()))
	r.linef(indent, "| resource %s %s", s.Resource().SchemaURL(), s.Resource())
	r.linef(indent, "| status %s %q", s.Status().Code, steady(s.Status().Description))
	r.linef(indent, "| dropped %d %d %d children %d", s.DroppedAttributes(), s.DroppedEvents(), s.DroppedLinks(), s.ChildSpanCount())
	r.attributes(indent+"| ", s.Attributes())
	r.details(indent, s)
	r.order(indent, s)
	for _, child := range r.children[sc.SpanID()] {
		r.tree(child, sc.TraceID(), indent+"  ")
	}
}

func (r *rendering) details(indent string, s sdktrace.ReadOnlySpan) {
	for _, e := range s.Events() {
		r.linef(indent, "| event %s dropped %d", e.Name, e.DroppedAttributeCount)
		r.attributes(indent+"|   ", e.Attributes)
	}
	for _, l := range s.Links() {
		name, here := r.names[l.SpanContext.SpanID()]
		r.linef(indent, "| link to %q here %t %s dropped %d", name, here, place(l.SpanContext), l.DroppedAttributeCount)
		r.attributes(indent+"|   ", l.Attributes)
	}
}

// order tells of times that cannot be.
func (r *rendering) order(indent string, s sdktrace.ReadOnlySpan) {
	if s.EndTime().Before(s.StartTime()) {
		r.linef(indent, "! ends before it starts")
	}
	for _, e := range s.Events() {
		if outside(e.Time, s) {
			r.linef(indent, "! event %s outside", e.Name)
		}
	}
	for _, child := range r.children[s.SpanContext().SpanID()] {
		if child.StartTime().Before(s.StartTime()) {
			r.linef(indent, "! %s starts before it", child.Name())
		}
	}
}

// clocks is how far an event's time, of the wall clock, may part from its
// span's, of the monotonic one, in our SDK.
const clocks = 5 * time.Millisecond

func outside(at time.Time, s sdktrace.ReadOnlySpan) bool {
	return at.Before(s.StartTime().Add(-clocks)) || at.After(s.EndTime().Add(clocks))
}

func (r *rendering) linef(indent, format string, arguments ...any) {
	fmt.Fprintf(r, indent+format+"\n", arguments...)
}

func (r *rendering) attributes(indent string, all []attribute.KeyValue) {
	for _, kv := range all {
		r.linef(indent, "%s=%s:%s", kv.Key, kv.Value.Type(), value(kv))
	}
}

func value(kv attribute.KeyValue) string {
	switch {
	case strings.HasSuffix(string(kv.Key), ".port"):
		return "<port>"
	case kv.Key == "exception.stacktrace":
		return "<stack>"
	}
	return steady(kv.Value.String())
}

var (
	loopback = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	socket   = regexp.MustCompile(`/[^ ]*/redis\.sock`)
)

// steady takes out of a text where a server happens to listen.
func steady(text string) string {
	return socket.ReplaceAllString(loopback.ReplaceAllString(text, "127.0.0.1:<port>"), "<socket>")
}

func place(sc trace.SpanContext) string {
	switch {
	case !sc.IsValid():
		return "root"
	case sc.IsRemote():
		return "remote"
	}
	return "local"
}

// difference is where two renderings part, with the lines around, or empty.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("from line %d on\nwant:\n%s\ngot:\n%s", i+1, excerpt(a, i), excerpt(b, i))
		}
	}
	return ""
}

func excerpt(lines []string, at int) string {
	return strings.Join(lines[min(max(0, at-12), len(lines)):min(at+6, len(lines))], "\n")
}

// state is the tracestate but for our own entry, and for the threshold that
// keeps all, where stock says nothing.
func state(sc trace.SpanContext) string {
	s := sc.TraceState().Delete("jcg")
	if s.Get("ot") == "th:0" {
		s = s.Delete("ot")
	}
	return s.String()
}
