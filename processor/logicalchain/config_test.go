package logicalchain

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfigNamesTheField(t *testing.T) {
	good := Rule{Kind: "order", Attributes: []string{"order.number"}}
	with := func(change func(*Rule)) []Rule {
		r := good
		change(&r)
		return []Rule{good, r}
	}
	for want, rules := range map[string][]Rule{
		`keys::0::kind: "" must be a letter from a to z, then at most 63 of a-z, 0-9, ., _ and -`: {{Attributes: []string{"x"}}},
		`keys::1::kind: "Order" must be`:                                              with(func(r *Rule) { r.Kind = "Order" }),
		`keys::1::kind: "o/1" must be`:                                                with(func(r *Rule) { r.Kind = "o/1" }),
		`keys::1::kind: "` + strings.Repeat("o", 65):                                  with(func(r *Rule) { r.Kind = strings.Repeat("o", 65) }),
		`keys::1::attributes: name at least one attribute, or an entry by baggage`:    with(func(r *Rule) { r.Attributes = nil }),
		`keys::1::attributes: an attribute's name must not be empty`:                  with(func(r *Rule) { r.Attributes = []string{""} }),
		`keys::1::services: a service's name must not be empty`:                       with(func(r *Rule) { r.Services = []string{""} }),
		`keys::1::hmac_key: must have at least 16 bytes`:                              with(func(r *Rule) { r.HMACKey = "short" }),
		`keys::1::hmac_key: must be the same in all rules of kind "order"`:            with(func(r *Rule) { r.HMACKey = "0123456789abcdef" }),
		`keys::1::normalise: must be the same in all rules of kind "order"`:           with(func(r *Rule) { r.Normalise = []string{"trim"} }),
		`"cut" is none of alphanumeric, digits, lower, no_leading_zeros, trim, upper`: with(func(r *Rule) { r.Normalise = []string{"cut"} }),
		`keys::1::normalise: lower and upper exclude each other`:                      with(func(r *Rule) { r.Normalise = []string{"lower", "upper"} }),
		"keys::1::pattern: error parsing regexp":                                      with(func(r *Rule) { r.Pattern = "(" }),
		`keys::1::pattern: "x" must have exactly one group, which is the key`:         with(func(r *Rule) { r.Pattern = "x" }),
		`keys::1::pattern: "(x)(y)" must have exactly one group, which is the key`:    with(func(r *Rule) { r.Pattern = "(x)(y)" }),
		`keys: they have 65 kinds, at most 64 may be`:                                 kinds(65),
	} {
		c := Config{Keys: rules}
		require.ErrorContains(t, c.Validate(), want)
		_, err := New(c)
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, (&Config{}).Validate())
	require.NoError(t, (&Config{Keys: append(kinds(64), kinds(64)...)}).Validate())
}

func kinds(n int) (rules []Rule) {
	for i := range n {
		rules = append(rules, Rule{Kind: fmt.Sprintf("kind%d", i), Baggage: "x"})
	}
	return rules
}

func TestSecretsAreNotShown(t *testing.T) {
	r := Rule{Kind: "order", HMACKey: "0123456789abcdef"}
	text, err := json.Marshal(r)
	require.NoError(t, err)
	for _, shown := range []string{string(text), fmt.Sprintf("%v %+v %#v %s %q", r, r, r, r.HMACKey, r.HMACKey)} {
		require.NotContains(t, shown, "0123456789abcdef")
		require.Contains(t, shown, redacted)
	}
}
