package logicalchain

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

func mustRules(t require.TestingT, rules ...Rule) *Rules {
	r, err := New(Config{Keys: rules})
	require.NoError(t, err)
	return r
}

// someRules have all that a rule can have.
func someRules(t require.TestingT, secret Secret) *Rules {
	return mustRules(t,
		Rule{Kind: "order", Attributes: []string{"order"}, Baggage: "order", HMACKey: secret},
		Rule{Kind: "order", Attributes: []string{"path"}, Pattern: `/o/([^/]*)`, HMACKey: secret},
		Rule{Kind: "payment", Attributes: []string{"path"}, Pattern: `/p/(.*?)/`, Normalise: []string{"digits", "no_leading_zeros"}, HMACKey: secret},
		Rule{Kind: "name", Attributes: []string{"name"}, Normalise: []string{"no_leading_zeros", "trim", "alphanumeric", "upper"}, HMACKey: secret},
	)
}

const secret Secret = "0123456789abcdef"

func spanOf(name string, value any) (pcommon.Resource, ptrace.Span) {
	s := ptrace.NewSpan()
	s.SetTraceID(pcommon.TraceID{1})
	s.SetSpanID(pcommon.SpanID{1})
	if err := s.Attributes().FromRaw(map[string]any{name: value}); err != nil {
		panic(err)
	}
	return pcommon.NewResource(), s
}

func traces(span ptrace.Span) ptrace.Traces {
	td := ptrace.NewTraces()
	span.CopyTo(td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty())
	return td
}

// TestTheKeyOfAKeyIsItself: who copies a key from where it is shown finds it.
func TestTheKeyOfAKeyIsItself(t *testing.T) {
	plain, hiding := someRules(t, ""), someRules(t, secret)
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ 0a-cßſ-]{0,12}`)).Draw(t, "raw")
		for _, r := range []*Rules{plain, hiding, nil} {
			for _, kind := range []string{"order", "payment", "name", "other"} {
				key := r.Key("test", kind, raw)
				require.Equal(t, key, r.Key("test", kind, key.Value))
			}
		}
	})
}

// TestAKeyIsFoundByWhatTheSpanSays: what a span's value gives is what looking
// for that value asks for.
func TestAKeyIsFoundByWhatTheSpanSays(t *testing.T) {
	for _, r := range []*Rules{someRules(t, ""), someRules(t, secret)} {
		rapid.Check(t, func(t *rapid.T) {
			raw := rapid.String().Draw(t, "raw")
			for _, kind := range []string{"order", "name"} {
				for _, key := range r.Of(spanOf(kind, raw)) {
					require.Equal(t, r.Key("", kind, raw), key)
				}
			}
		})
	}
}

// check holds a value against what is promised of any: bounds, text that can
// be asked for, no change without an HMAC, and with one no key in the clear.
func check(t require.TestingT, plain, hiding *Rules, name, value string) {
	_, span := spanOf(name, value)
	before := span.Attributes().AsRaw()
	td := traces(span)
	shown := NewObserver(plain, false).Take(td, epoch)
	require.LessOrEqual(t, len(shown.Sightings), MaxSpanKeys)
	require.Equal(t, before, first(td).Attributes().AsRaw(), "changed without leave")
	for _, s := range shown.Sightings {
		require.LessOrEqual(t, len(s.Key.Value), callgraph.MaxKeyValue)
		require.NotEmpty(t, strings.TrimSpace(s.Key.Value))
		require.True(t, utf8.ValidString(s.Key.Value))
	}
	hidden := NewObserver(hiding, true).Take(td, epoch)
	for _, s := range hidden.Sightings {
		require.True(t, isHidden(s.Key.Value) || s.Key.Kind == "other", s.Key)
		require.Contains(t, first(td).Attributes().AsRaw(), callgraph.AttributeChainPrefix+s.Key.Kind)
	}
	if name == "path" {
		return // a pattern may find more in the HMACs
	}
	if len(shown.Sightings) > 0 && name == "order" && !isHidden(value) {
		require.NotEqual(t, value, first(td).Attributes().AsRaw()[name])
	}
	after := first(td).Attributes().AsRaw()
	again := NewObserver(hiding, true).Take(td, epoch)
	require.Equal(t, hidden.Sightings, again.Sightings, "a second collector finds the same")
	require.Equal(t, after, first(td).Attributes().AsRaw(), "and changes nothing")
}

func first(td ptrace.Traces) ptrace.Span {
	return td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
}

func FuzzValue(f *testing.F) {
	for _, seed := range []string{
		"4711", "", "null", "A\xff", " 0012 ", "/o/1/p/002/", "order=1,order=%31;x=y", "hmac:0123456789abcdef0123456789abcdef",
		strings.Repeat("ü", 600), "/o/" + strings.Repeat("1", 1100), "/o//o/a/o/b", "🥨", "order=%zz, order = a%2Cb",
	} {
		f.Add(seed)
	}
	plain, hiding := someRules(f, ""), someRules(f, secret)
	f.Fuzz(func(t *testing.T, value string) {
		for _, name := range []string{"order", "path", "name", "http.request.header.baggage", "jcg.chain.order", "jcg.chain.other"} {
			check(t, plain, hiding, name, value)
		}
	})
}
