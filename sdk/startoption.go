package sdk

import (
	"reflect"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// attributeOption is the type of what trace.WithAttributes makes, a slice of
// attributes; nil where it is something else in the otel-go that is linked. Read
// as what it is, it need not be copied to a slice of its own at each start,
// which is a third of what a span allocates.
var attributeOption = learnAttributeOption()

func learnAttributeOption() reflect.Type {
	option := reflect.TypeOf(trace.WithAttributes(attribute.Bool("probe", true)))
	if option.Kind() != reflect.Slice || option.Elem() != reflect.TypeFor[attribute.KeyValue]() {
		return nil
	}
	return option
}

func isAttributes(o trace.SpanStartOption) bool { return reflect.TypeOf(o) == attributeOption }

// startConfig reads the options but for a run of attributes at their start or
// end, which it returns.
func startConfig(options []trace.SpanStartOption) (config trace.SpanConfig, attributes []trace.SpanStartOption) {
	from, to := 0, 0
	for i, o := range options {
		if !isAttributes(o) {
			continue
		}
		if from == to {
			from = i
		} else if i != to {
			return trace.NewSpanStartConfig(options...), nil
		}
		to = i + 1
	}
	switch {
	case from == to:
		return trace.NewSpanStartConfig(options...), nil
	case from == 0:
		return trace.NewSpanStartConfig(options[to:]...), options[:to]
	case to == len(options):
		return trace.NewSpanStartConfig(options[:from]...), options[from:]
	}
	return trace.NewSpanStartConfig(options...), nil
}

// takeOption sets the attributes of an option that startConfig left.
func (r *Record) takeOption(l *limits, o trace.SpanStartOption) {
	given := reflect.ValueOf(o)
	if n := given.Len(); r.inlined == 0 && r.attributes == nil && n <= len(r.inline) && l.allows(n) {
		reflect.Copy(r.inlineValue(), given)
		r.inlined = n
		if r.plain(l) {
			return
		}
		clear(r.inline[:n])
		r.inlined = 0
	}
	c := trace.NewSpanStartConfig(o)
	r.setAttributes(l, c.Attributes())
}

// inlineValue is the inline attributes as reflection sees them, made once.
func (r *Record) inlineValue() reflect.Value {
	if !r.reflected.IsValid() {
		r.reflected = reflect.ValueOf(&r.inline).Elem()
	}
	return r.reflected
}

// plain reports whether all inline attributes are as they may stay.
func (r *Record) plain(l *limits) bool {
	for i := range r.inline[:r.inlined] {
		if a := &r.inline[i]; !a.Valid() || l.touches(a) {
			return false
		}
	}
	return true
}

// allows reports whether a span may hold n attributes.
func (l *limits) allows(n int) bool { return l.AttributeCountLimit < 0 || n <= l.AttributeCountLimit }
