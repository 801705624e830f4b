// Package builtinprovider serves complete configurations from inside the
// binary, under the scheme builtin, and decides what a collector does that was
// told nothing: everything listens on loopback, stores in one local folder and
// keeps no credentials.
package builtinprovider

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// Scheme of the configurations: builtin:all-in-one.
const Scheme = "builtin"

// NewFactory is the factory of the provider builtin.
func NewFactory() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return provider{} })
}

type provider struct{}

// Retrieve serves builtin:NAME and builtin:NAME?port_offset=N.
func (provider) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	rest, ok := strings.CutPrefix(uri, Scheme+":")
	if !ok {
		return nil, fmt.Errorf("configuration %q is not of scheme %s", uri, Scheme)
	}
	name, query, _ := strings.Cut(rest, "?")
	offset, err := portOffset(query)
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w", uri, err)
	}
	text, err := render(name, offset)
	if err != nil {
		return nil, err
	}
	return confmap.NewRetrievedFromYAML(text)
}

// Scheme implements confmap.Provider.
func (provider) Scheme() string { return Scheme }

// Shutdown implements confmap.Provider.
func (provider) Shutdown(context.Context) error { return nil }
