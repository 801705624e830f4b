package fields_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/jcallgraph/jcallgraph/processor/logicalchainprocessor"
)

// source has one text: a file, or a variable.
type source struct{ scheme, text string }

func (s source) Retrieve(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error) {
	return confmap.NewRetrievedFromYAML([]byte(s.text))
}
func (s source) Scheme() string               { return s.scheme }
func (source) Shutdown(context.Context) error { return nil }

// resolved is a configuration as a collector has it, with the variable E.
func resolved(t *testing.T, text, e string) *confmap.Conf {
	var factories []confmap.ProviderFactory
	for _, s := range []source{{"file", text}, {"env", e}} {
		factories = append(factories, confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return s }))
	}
	r, err := confmap.NewResolver(confmap.ResolverSettings{URIs: []string{"file:f"}, DefaultScheme: "env", ProviderFactories: factories})
	require.NoError(t, err)
	conf, err := r.Resolve(t.Context())
	require.NoError(t, err)
	return conf
}

// A variable is the text that it has, whatever that would be as YAML.
func TestSecretsOfVariablesAreTakenAsTheyAre(t *testing.T) {
	const text = "keys: [{kind: order, attributes: [a], hmac_key: '${env:E}'}]"
	for _, secret := range []string{
		"plain-text-of-a-key", "#begins-like-a-comment", "{looks-like-a-map}", "[looks-like-a-list]", "looks: like-a-map",
		"? looks-like-a-map", "0000000000000000000", "123456789012345678", "2026-01-01", "true", "~", "0", "1e5", "'quoted-text-of-a-key'",
	} {
		cfg := new(logicalchainprocessor.Config)
		require.NoError(t, resolved(t, text, secret).Unmarshal(cfg), secret)
		require.EqualValues(t, secret, cfg.Keys[0].HMACKey)
	}
	const empty = "keys::0::hmac_key: must not be empty; is the variable set that it comes from?"
	require.ErrorContains(t, resolved(t, text, "").Unmarshal(new(logicalchainprocessor.Config)), empty)
	require.ErrorContains(t, resolved(t, strings.ReplaceAll(text, "'${env:E}'", ""), "").Unmarshal(new(logicalchainprocessor.Config)), empty)
}

// A variable of other fields is what it is as YAML.
func TestVariablesAreTaken(t *testing.T) {
	for _, c := range [][3]string{
		{"connectors/call_graph", "{max_spans: '${env:E}', prometheus: {limit: '${env:E}'}}", "0x10"},
		{"connectors/call_graph", "{open_time: '${env:E}', prometheus: {interval: '${env:E}'}}", "30s"},
		{"connectors/call_graph", "{open_time: '${env:E}', backend: '${env:E}', prometheus: '${env:E}', max_spans: '${env:E}'}", ""},
		{"connectors/call_graph", "prometheus: {explicit_buckets: '${env:E}'}", "[1, 2.5]"},
		{"connectors/call_graph", "{backend: '${env:E}'}", "5"},
		{"connectors/call_graph", "{backend: '${env:E}'}", "[]"},
		{"extensions/call_graph_storage", "backends: {local: {memory: {max_size: '${env:E}'}}}", "1048576"},
		{"extensions/call_graph_storage", "backends: {local: '${env:E}'}", "{memory: {max_size: 1GiB}}"},
		{"extensions/call_graph_query", "{erase: '${env:E}', http: {include_metadata: '${env:E}'}}", "true"},
		{"extensions/call_graph_query", "{allowed_hosts: '${env:E}'}", "a.b,c.d"},
		{"exporters/compact", "{headers: {authorization: '${env:E}'}, tls: {key_pem: '${env:E}'}}", "{a: b}"},
		{"exporters/compact", "{headers: [{name: authorization, value: '${env:E}'}]}", "12"},
	} {
		require.NoError(t, resolved(t, c[1], c[2]).Unmarshal(components[c[0]].CreateDefaultConfig()), c)
	}
}

// What stands where a map or a list should may be a secret that belongs into it,
// and a URL may have a password.
func TestSecretsAreNotShown(t *testing.T) {
	const secret = "c2VjcmV0"
	for name, texts := range map[string][]string{
		"extensions/call_graph_query": {"keys: E", "keys: [E]", "keys: [{hmac_key: [E]}]", "keys: [{hmac_key: {a: E}}]", "http: E", "http: {tls: E}", "http: {tls: {key_pem: [E]}}", "http: {response_headers: E}"},
		"exporters/compact":           {"tls: E", "tls: {tpm: E}", "headers: E", "headers: [E]", "auth: E", "endpoint: 'http://me:E@collector:4319'"},
	} {
		for _, text := range texts {
			err := decode(t, components[name], strings.ReplaceAll(text, "E", secret))
			require.Error(t, err, text)
			require.NotContains(t, err.Error(), secret, text)
		}
	}
}
