package logicalchain

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Config says where business keys are found; without rules they are found in
// attributes jcg.chain.* only.
type Config struct {
	Keys []Rule `mapstructure:"keys"`
}

// Rule finds keys of one kind. Several rules may find the same kind.
type Rule struct {
	// Kind of the keys: order, payment, waybill …; required.
	Kind string `mapstructure:"kind"`
	// Attributes of spans, of their events and links whose value is a key, or a
	// list of keys.
	Attributes []string `mapstructure:"attributes"`
	// Baggage is an entry of the W3C baggage header, where spans have recorded it.
	Baggage string `mapstructure:"baggage"`
	// Pattern (RE2) whose one group is the key; none: the whole value is.
	Pattern string `mapstructure:"pattern"`
	// Normalise are steps that make one key of several spellings.
	Normalise []string `mapstructure:"normalise"`
	// HMACKey makes keys unreadable: they are known, and stored, by their
	// HMAC-SHA256 only. None: they are stored as they are. One that is given and
	// empty, as that of a variable nobody set, would let raw values through.
	HMACKey Secret `mapstructure:"hmac_key,omitempty" zero:"must not be empty; is the variable set that it comes from?"`
	// Services, by name, that the rule holds for; none: all.
	Services []string `mapstructure:"services"`
}

// Secret is a string that shows itself to nobody who prints the configuration.
type Secret string

const redacted = "[REDACTED]"

// String hides the secret.
func (Secret) String() string { return redacted }

// GoString hides the secret.
func (Secret) GoString() string { return redacted }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Bounds of a configuration.
const (
	MaxKinds   = 64
	minHMACKey = 16 // bytes; numbers of orders are few enough to try all of them with a key that is guessed
)

// validKind holds for the kinds that paths and attributes can have in them.
func validKind(name string) bool {
	return name != "" && len(name) <= callgraph.MaxKeyKind && 'a' <= name[0] && name[0] <= 'z' &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

// Validate says of every rule what is wrong with it, by the name of the field.
func (c *Config) Validate() error {
	var errs []error
	first := map[string]Rule{}
	for i, r := range c.Keys {
		for _, err := range append(r.problems(), r.differs(first)...) {
			errs = append(errs, fmt.Errorf("keys::%d::%w", i, err))
		}
		if _, ok := first[r.Kind]; !ok {
			first[r.Kind] = r
		}
	}
	if len(first) > MaxKinds {
		errs = append(errs, fmt.Errorf("keys: they have %d kinds, at most %d may be", len(first), MaxKinds))
	}
	return errors.Join(errs...)
}

func (r *Rule) problems() (errs []error) {
	refuse := func(wrong bool, format string, a ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, a...))
		}
	}
	refuse(!validKind(r.Kind), "kind: %q must be a letter from a to z, then at most %d of a-z, 0-9, ., _ and -", r.Kind, callgraph.MaxKeyKind-1)
	refuse(len(r.Attributes) == 0 && r.Baggage == "", "attributes: name at least one attribute, or an entry by baggage")
	refuse(slices.Contains(r.Attributes, ""), "attributes: an attribute's name must not be empty")
	refuse(slices.Contains(r.Services, ""), "services: a service's name must not be empty")
	refuse(r.HMACKey != "" && len(r.HMACKey) < minHMACKey, "hmac_key: must have at least %d bytes", minHMACKey)
	for _, step := range r.Normalise {
		refuse(steps[step] == nil, "normalise: %q is none of %s", step, strings.Join(stepNames(), ", "))
	}
	refuse(slices.Contains(r.Normalise, "lower") && slices.Contains(r.Normalise, "upper"), "normalise: lower and upper exclude each other")
	pattern, err := regexp.Compile(r.Pattern)
	refuse(err != nil, "pattern: %w", err)
	refuse(err == nil && r.Pattern != "" && pattern.NumSubexp() != 1, "pattern: %q must have exactly one group, which is the key", r.Pattern)
	return errs
}

// differs says what must be the same in all rules of a kind: who looks for a
// key has but the kind to tell how it is stored.
func (r *Rule) differs(first map[string]Rule) (errs []error) {
	other, ok := first[r.Kind]
	if !ok {
		return nil
	}
	if !slices.Equal(r.Normalise, other.Normalise) {
		errs = append(errs, fmt.Errorf("normalise: must be the same in all rules of kind %q", r.Kind))
	}
	if r.HMACKey != other.HMACKey {
		errs = append(errs, fmt.Errorf("hmac_key: must be the same in all rules of kind %q", r.Kind))
	}
	return errs
}
