package dropin

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

var errPlain = errors.New("plain")

type valueError struct{ text string }

func (e valueError) Error() string { return e.text }

type pointerError struct{}

func (*pointerError) Error() string { return "pointer" }

// recorded makes a case of an error and what its exception event says.
func recorded(name string, err error, typeName, message string) behaviour {
	return behaviour{name: name, check: func(p *probe) {
		events := p.of(func(s trace.Span) { s.RecordError(err) }).Events()
		p.Len(events, 1)
		p.Equal("exception", events[0].Name)
		p.Equal([]attribute.KeyValue{
			attribute.String("exception.type", typeName), attribute.String("exception.message", message),
		}, events[0].Attributes)
	}}
}

// panicking ends a span while value is on its way up, and gives what arrived.
func panicking(p *probe, value any, options ...trace.SpanEndOption) (arrived any) {
	defer func() { arrived = recover() }()
	span := p.start()
	defer span.End(options...)
	panic(value)
}

// text is the value of a string attribute of an event.
func text(event sdktrace.Event, key attribute.Key) string {
	for _, kv := range event.Attributes {
		if kv.Key == key {
			return kv.Value.AsString()
		}
	}
	return ""
}

const ownPackage = "github.com/jcallgraph/jcallgraph/sdk/internal/dropin"

var errorBehaviours = []behaviour{
	recorded("a pointer of the standard library", errPlain, "*errors.errorString", "plain"),
	recorded("a wrapped one is named by its wrapper", fmt.Errorf("read: %w", errPlain), "*fmt.wrapError", "read: plain"),
	recorded("a value with its package's path", valueError{"value"}, ownPackage+".valueError", "value"),
	recorded("a pointer with its package's name", &pointerError{}, "*dropin.pointerError", "pointer"),
	recorded("an empty message", valueError{}, ownPackage+".valueError", ""),
	{name: "nil is none", check: func(p *probe) {
		p.Empty(p.of(func(s trace.Span) { s.RecordError(nil) }).Events())
	}},
	{name: "options of the caller come first", check: func(p *probe) {
		at := time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)
		events := p.of(func(s trace.Span) {
			s.RecordError(errPlain, trace.WithTimestamp(at), trace.WithAttributes(attribute.Int("a", 1)))
		}).Events()
		p.True(at.Equal(events[0].Time))
		p.Equal(attribute.Int("a", 1), events[0].Attributes[0])
		p.Equal("plain", text(events[0], "exception.message"))
	}},
	{name: "with a stack trace on request", check: func(p *probe) {
		events := p.of(func(s trace.Span) { s.RecordError(errPlain, trace.WithStackTrace(true)) }).Events()
		p.Len(events[0].Attributes, 3)
		stack := text(events[0], "exception.stacktrace")
		p.Regexp(`^goroutine \d+ \[running\]:\n`, stack)
		p.Contains(stack, "RecordError")
	}},
	{name: "an error that uses the span while it is formatted", check: func(p *probe) {
		span := p.start()
		span.RecordError(reentrant{span})
		span.End()
		p.Len(p.only().Events(), 2)
	}},
	{name: "a panic is recorded and goes on", check: func(p *probe) {
		p.Equal("boom", panicking(p, "boom"))
		events := p.only().Events()
		p.Len(events, 1)
		p.Equal("exception", events[0].Name)
		p.Equal([]attribute.KeyValue{
			attribute.String("exception.type", ".string"), attribute.String("exception.message", "boom"),
		}, events[0].Attributes)
	}},
	{name: "a panic with an error", check: func(p *probe) {
		p.Same(errPlain, panicking(p, errPlain))
		p.Equal("*errors.errorString", text(p.only().Events()[0], "exception.type"))
		p.Equal("plain", text(p.only().Events()[0], "exception.message"))
	}},
	{name: "a panic sets no status", check: func(p *probe) {
		panicking(p, "boom")
		p.Equal(sdktrace.Status{}, p.only().Status())
	}},
	{name: "a panic with its stack trace on request", check: func(p *probe) {
		panicking(p, "boom", trace.WithStackTrace(true))
		stack := text(p.only().Events()[0], "exception.stacktrace")
		p.Regexp(`^goroutine \d+ \[running\]:\n`, stack)
		p.Contains(stack, "End")
	}},
	{name: "every span on a panic's way records it", check: func(p *probe) {
		func() {
			defer func() { p.NotNil(recover()) }()
			ctx, outer := p.tracer().Start(p.t.Context(), "outer")
			defer outer.End()
			_, inner := p.tracer().Start(ctx, "inner")
			defer inner.End()
			panic("boom")
		}()
		p.Len(p.named("inner").Events(), 1)
		p.Len(p.named("outer").Events(), 1)
	}},
	{name: "a panic that was recovered before End is not seen", check: func(p *probe) {
		func() {
			span := p.start()
			defer span.End()
			defer func() { p.NotNil(recover()) }()
			panic("boom")
		}()
		p.Empty(p.only().Events())
	}},
	{name: "a panic at an End that ends nothing goes on", check: func(p *probe) {
		defer func() {
			p.Equal("boom", recover())
			p.Empty(p.only().Events())
		}()
		span := p.start()
		defer span.End()
		span.End()
		panic("boom")
	}},
	{name: "an End called by a deferred function does not see the panic", check: func(p *probe) {
		func() {
			defer func() { p.Equal("boom", recover()) }()
			span := p.start()
			defer func() { span.End() }()
			panic("boom")
		}()
		p.Empty(p.only().Events())
	}},
	{name: "panics are not recorded on request", setup: setup{withoutPanics: true}, check: func(p *probe) {
		p.Equal("boom", panicking(p, "boom"))
		p.Empty(p.only().Events())
	}},
}

type reentrant struct{ span trace.Span }

func (e reentrant) Error() string {
	e.span.AddEvent("formatted")
	return "reentrant"
}
