package logicalchain

import (
	"regexp"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Rules find keys. They are safe for concurrent use; nil finds attributes
// jcg.chain.* only.
type Rules struct {
	byAttribute map[string][]*rule
	lengths     uint64           // bit n: a key of n bytes, modulo 64, is in byAttribute
	kinds       map[string]*kind // by name
	hides       bool             // a kind has an HMAC
}

type rule struct {
	kindName string
	kind     *kind
	baggage  string
	pattern  *regexp.Regexp // nil: the whole value
	services []string       // none: all
}

// baggageAttributes are those in which spans record the baggage header.
var baggageAttributes = []string{"http.request.header.baggage", "rpc.request.metadata.baggage", "rpc.grpc.request.metadata.baggage"}

// New makes rules of a valid configuration.
func New(c Config) (*Rules, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	rules := &Rules{byAttribute: map[string][]*rule{}, kinds: map[string]*kind{}}
	for _, r := range c.Keys {
		rules.add(r)
	}
	return rules, nil
}

func (r *Rules) add(c Rule) {
	k := r.kinds[c.Kind]
	if k == nil {
		k = newKind(c)
		r.kinds[c.Kind] = k
		r.hides = r.hides || k.secret != nil
		r.put(callgraph.AttributeChainPrefix+c.Kind, rule{kindName: c.Kind, kind: k})
	}
	found := rule{kindName: c.Kind, kind: k, services: c.Services}
	if c.Pattern != "" {
		found.pattern = regexp.MustCompile(c.Pattern) // valid
	}
	for _, key := range c.Attributes {
		r.put(key, found)
	}
	if found.baggage = c.Baggage; c.Baggage != "" {
		for _, key := range baggageAttributes {
			r.put(key, found)
		}
	}
}

func newKind(c Rule) *kind {
	k := &kind{}
	for _, step := range c.Normalise {
		k.normalise = append(k.normalise, steps[step])
	}
	if c.HMACKey != "" {
		k.secret = []byte(c.HMACKey)
	}
	return k
}

func (r *Rules) put(key string, found rule) {
	r.byAttribute[key] = append(r.byAttribute[key], &found)
	r.lengths |= 1 << (len(key) % 64)
}

// Key is the key that the rules make of a value that somebody knows: it has
// the normal form and the HMAC that spans' keys have. The key of a key's value
// is that key.
func (r *Rules) Key(environment, kindName, raw string) callgraph.ChainKey {
	key := callgraph.ChainKey{Environment: environment, Kind: kindName, Value: raw}
	if r == nil || r.kinds[kindName] == nil {
		return key
	}
	if value, reason := r.kinds[kindName].value(raw); reason == taken {
		key.Value = value
	}
	return key
}

// Of returns the keys that a span carries, at most MaxSpanKeys.
func (r *Rules) Of(resource pcommon.Resource, span ptrace.Span) (keys []callgraph.ChainKey) {
	f := finder{rules: r, resource: resource, limit: MaxSpanKeys}
	for _, k := range f.keysOf(span) {
		keys = append(keys, callgraph.ChainKey{Environment: f.whose().Environment, Kind: k.kind, Value: k.value})
	}
	return keys
}

// named returns the rules for an attribute.
func (r *Rules) named(key string) []*rule {
	if r == nil || r.lengths&(1<<(len(key)%64)) == 0 {
		return nil
	}
	return r.byAttribute[key]
}

// stated is the kind that an attribute jcg.chain.* names by itself.
func stated(key string) (kindName string, ok bool) {
	if len(key) < len(callgraph.AttributeChainPrefix) || key[0] != callgraph.AttributeChainPrefix[0] {
		return "", false
	}
	return strings.CutPrefix(key, callgraph.AttributeChainPrefix)
}
