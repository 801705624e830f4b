package dropin

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// behaviour is one thing that users and instrumentation rely on.
type behaviour struct {
	name  string
	setup setup
	check func(*probe)
}

// behaviours are all of them by subject, one file for each.
var behaviours = map[string][]behaviour{
	"attributes":  attributeBehaviours,
	"concurrency": concurrencyBehaviours,
	"events":      eventBehaviours,
	"errors":      errorBehaviours,
	"ids":         idBehaviours,
	"lifecycle":   lifecycleBehaviours,
	"limits":      limitBehaviours,
	"evictions":   evictionBehaviours,
	"environment": environmentBehaviours,
	"links":       linkBehaviours,
	"parents":     parentBehaviours,
	"processors":  processorBehaviours,
	"readable":    readableBehaviours,
	"resource":    resourceBehaviours,
	"scope":       scopeBehaviours,
	"shutdown":    shutdownBehaviours,
	"status":      statusBehaviours,
}

// differs are the cases where our SDK differs on purpose, with the reason.
var differs = map[string]string{
	// Not on purpose: to be mended.
	"shutdown/a flush with a context that is done says so": "a provider with a queue says so or not, at random",

	"readable/an ended span can be read":         "what takes room leaves a handle at its end, so that one held for long costs little; a processor reads it in OnEnd",
	"readable/a new root counts for the old one": "it is no child of the old one, as its parent says",
}

func TestBehaviours(t *testing.T) {
	for _, sdk := range sdks {
		for _, subject := range slices.Sorted(maps.Keys(behaviours)) {
			for _, c := range behaviours[subject] {
				t.Run(sdk.name+"/"+subject+"/"+c.name, func(t *testing.T) {
					if why := differs[subject+"/"+c.name]; why != "" && sdk.name != stockSDK.name {
						t.Skip(why)
					}
					run(t, sdk, c)
				})
			}
		}
	}
}

func TestBehavioursAreNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for subject, cases := range behaviours {
		for _, c := range cases {
			name := subject + "/" + c.name
			require.False(t, seen[name], name)
			seen[name] = true
		}
	}
	for name := range differs {
		require.True(t, seen[name], "no such case: %s", name)
	}
	require.Greater(t, len(seen), 80)
}

func run(t *testing.T, sdk sdkUnderTest, c behaviour) {
	for key, value := range c.setup.env {
		t.Setenv(key, value)
	}
	p := &probe{Assertions: require.New(t), t: t, sdk: sdk, memory: &memory{}}
	p.catchErrors()
	s := c.setup
	if !s.withoutCapture {
		s.exporters = append([]sdktrace.SpanExporter{p.memory}, s.exporters...)
	}
	p.provider = p.open(s)
	c.check(p)
}

// probe is what a case sees: a provider, what it exported and what it told
// otel's error handler.
type probe struct {
	*require.Assertions
	provider
	t      *testing.T
	sdk    sdkUnderTest
	memory *memory

	mu     sync.Mutex
	errors []error
}

// open makes one more provider of the same SDK, shut down with the case.
func (p *probe) open(s setup) provider {
	tp := p.sdk.new(s)
	p.t.Cleanup(func() {
		_ = tp.Shutdown(context.Background())
	})
	return tp
}

func (p *probe) catchErrors() {
	before := otel.GetErrorHandler()
	p.t.Cleanup(func() { otel.SetErrorHandler(before) })
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.errors = append(p.errors, err)
	}))
}

// handled is what otel's error handler got.
func (p *probe) handled() []error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.errors
}

func (p *probe) tracer() trace.Tracer { return p.Tracer("dropin") }

func (p *probe) start(options ...trace.SpanStartOption) trace.Span {
	_, span := p.tracer().Start(p.t.Context(), "op", options...)
	return span
}

// exported are all spans so far, in order of their end.
func (p *probe) exported() []sdktrace.ReadOnlySpan {
	p.NoError(p.ForceFlush(p.t.Context()))
	return p.memory.all()
}

// only is the one span that was exported.
func (p *probe) only() sdktrace.ReadOnlySpan {
	spans := p.exported()
	p.Len(spans, 1)
	return spans[0]
}

// of runs a function on a started span, ends it and is what was exported.
func (p *probe) of(do func(trace.Span), options ...trace.SpanStartOption) sdktrace.ReadOnlySpan {
	span := p.start(options...)
	do(span)
	span.End()
	return p.only()
}

// named is the exported span of a name.
func (p *probe) named(name string) sdktrace.ReadOnlySpan {
	for _, span := range p.exported() {
		if span.Name() == name {
			return span
		}
	}
	p.Fail("not exported: " + name)
	return nil
}
