package query

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// maxTextKeys is how many kind=value are looked up of one text.
const maxTextKeys = 10

// foundKey is a business key that a text means.
type foundKey struct {
	Key    keyShape  `json:"key"`
	Traces int       `json:"traces"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
}

// keysIn are the keys whose value a text is, or that it names as kind=value.
func (s *Server) keysIn(ctx context.Context, text, environment string, limit int) ([]foundKey, error) {
	var found []callgraph.ChainKey
	for _, asked := range s.keysNamed(text) {
		same, err := s.options.Backend.FindKeys(ctx, asked.Kind, asked.Value, maxSameKeys)
		if err != nil {
			return nil, fmt.Errorf("find key %s: %w", asked, err)
		}
		for _, key := range same {
			if (environment == "" || environment == key.Environment) && !slices.Contains(found, key) {
				found = append(found, key)
			}
		}
	}
	all := []foundKey{}
	for _, key := range found[:min(limit, len(found))] {
		e, err := s.options.Backend.KeyExtent(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("extent of %s: %w", key, err)
		}
		if e.Traces > 0 {
			all = append(all, foundKey{shownKey(key), e.Traces, time.Unix(0, e.First).UTC(), time.Unix(0, e.Last).UTC()})
		}
	}
	return all, nil
}

// keyPair is kind=value within a text; a quoted value may have spaces.
var keyPair = regexp.MustCompile(`([A-Za-z][\w.-]*)=(?:"([^"]*)"|'([^']*)'|([^\s,;"'\])}]+))`)

// keysNamed are the keys that a text may mean, in each spelling in which they
// may be stored; those without a kind may be of any.
func (s *Server) keysNamed(text string) (all []callgraph.ChainKey) {
	add := func(kind, value string) {
		if value != "" && len(value) <= callgraph.MaxKeyValue && !slices.Contains(all, callgraph.ChainKey{Kind: kind, Value: value}) {
			all = append(all, callgraph.ChainKey{Kind: kind, Value: value})
		}
	}
	add("", text)
	for _, kind := range s.options.Kinds {
		add(kind, s.options.Key("", kind, text).Value)
	}
	for _, pair := range keyPair.FindAllStringSubmatch(text, maxTextKeys) {
		kind, value := pair[1], strings.Join(pair[2:], "")
		if len(kind) <= callgraph.MaxKeyKind {
			add(kind, s.options.Key("", kind, value).Value)
			add(kind, value)
		}
	}
	return all
}
