package queryextension

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/confmap"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/extension/query"
	"github.com/jcallgraph/jcallgraph/internal/fields"
	"github.com/jcallgraph/jcallgraph/processor/logicalchain"
)

// Config of the extension.
type Config struct {
	// Storage is the extension that has the backends; call_graph_storage.
	Storage component.ID `mapstructure:"storage"`
	// Backend to read; local.
	Backend string `mapstructure:"backend"`
	// HTTP is where and how the API is served: endpoint (127.0.0.1:16686), tls,
	// auth, cors and what else the collector's HTTP servers have.
	HTTP confighttp.ServerConfig `mapstructure:"http"`
	// BasePath is a prefix, such as /jaeger, under which everything is served
	// as well as at the root; none.
	BasePath string `mapstructure:"base_path"`
	// AllowedHosts are names, besides localhost and addresses, by which clients
	// may call a server that listens on loopback: those of a proxy on this
	// machine. On other addresses any name may be used.
	AllowedHosts []string `mapstructure:"allowed_hosts"`
	// RefreshInterval at which the graph follows the store; 250ms.
	RefreshInterval time.Duration `mapstructure:"refresh_interval"`
	// RequestTimeout ends a request that takes longer; 30s.
	RequestTimeout time.Duration `mapstructure:"request_timeout"`
	// ViewCells bounds the edge counts held in memory, about 100 bytes each;
	// 1,000,000. Older ones are read from the store when they are asked for.
	ViewCells int `mapstructure:"view_cells"`
	// Keys are the rules of business keys, as call_graph_logical_chain has them:
	// with them a key may be asked for as it was on the spans, where they
	// normalise it or keep its HMAC only.
	Keys []logicalchain.Rule `mapstructure:"keys"`
	// Erase allows clients to erase a business key with the spans that carry it; false.
	Erase bool `mapstructure:"erase"`
	// StrengthDays is how many days of evidence bear the verdict on a dependency,
	// today among them; 7.
	StrengthDays int `mapstructure:"strength_days"`
	// Dependencies is what is known of dependencies beforehand.
	Dependencies Dependencies `mapstructure:"dependencies"`
}

// Dependencies are verdicts that were not observed.
type Dependencies struct {
	// Declared verdicts override observed ones.
	Declared []Declared `mapstructure:"declared"`
}

// Declared is a call site, named as an answer of the API names it, with its strength.
type Declared struct {
	Environment   string `mapstructure:"environment"`
	Namespace     string `mapstructure:"namespace"`
	Service       string `mapstructure:"service"`        // that calls; required
	Operation     string `mapstructure:"operation"`      // of it; required
	Peer          string `mapstructure:"peer"`           // that is called; required
	PeerOperation string `mapstructure:"peer_operation"` // the call's name; required
	Strength      string `mapstructure:"strength"`       // strong, weak or conditional; required
}

// Limits of what is accepted.
const (
	minRefresh   = 10 * time.Millisecond
	maxRefresh   = time.Minute
	minViewCells = 1000
	maxDays      = 400
)

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return fields.Unmarshal(conf, c) }

// Validate implements confmap.Validator.
func (c *Config) Validate() error {
	var errs []error
	refuse := func(wrong bool, format string, a ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, a...))
		}
	}
	refuse(c.Backend == "", "backend: must name one of the storage extension's")
	refuse(c.HTTP.NetAddr.Endpoint == "", "http::endpoint: must be an address such as 127.0.0.1:16686")
	refuse(c.BasePath != "" && (!strings.HasPrefix(c.BasePath, "/") || strings.ContainsAny(c.BasePath, "?#%")),
		"base_path: %q must begin with a slash and be a plain path", c.BasePath)
	refuse(c.RefreshInterval < minRefresh || c.RefreshInterval > maxRefresh,
		"refresh_interval: %s must be from %s to %s", c.RefreshInterval, minRefresh, maxRefresh)
	refuse(c.RequestTimeout <= 0, "request_timeout: %s must be above 0", c.RequestTimeout)
	refuse(c.ViewCells < minViewCells, "view_cells: %d must be at least %d", c.ViewCells, minViewCells)
	refuse(c.StrengthDays < 1 || c.StrengthDays > maxDays, "strength_days: %d must be from 1 to %d", c.StrengthDays, maxDays)
	errs = append(errs, (&logicalchain.Config{Keys: c.Keys}).Validate())
	for i, d := range c.Dependencies.Declared {
		for _, err := range d.problems() {
			errs = append(errs, fmt.Errorf("dependencies::declared::%d::%w", i, err))
		}
		if first := slices.IndexFunc(c.Dependencies.Declared, d.sameCall); first < i {
			errs = append(errs, fmt.Errorf("dependencies::declared::%d: is the same call as number %d: each may be declared once", i, first))
		}
	}
	return errors.Join(errs...)
}

func (d *Declared) problems() (errs []error) {
	for _, field := range [...]struct{ name, value string }{
		{"service", d.Service}, {"operation", d.Operation}, {"peer", d.Peer}, {"peer_operation", d.PeerOperation},
	} {
		if field.value == "" {
			errs = append(errs, fmt.Errorf("%s: must not be empty", field.name))
		}
	}
	if _, ok := strengths[d.Strength]; !ok {
		errs = append(errs, fmt.Errorf("strength: %q must be strong, weak or conditional", d.Strength))
	}
	return errs
}

// sameCall ignores what is declared of it.
func (d Declared) sameCall(other Declared) bool {
	d.Strength = other.Strength
	return d == other
}

var strengths = map[string]strength.Strength{
	strength.Strong.String(): strength.Strong, strength.Weak.String(): strength.Weak, strength.Conditional.String(): strength.Conditional,
}

// declared is what the query core is told.
func (c *Config) declared() (all []query.DeclaredStrength) {
	for _, d := range c.Dependencies.Declared {
		service := callgraph.Service{Environment: d.Environment, Namespace: d.Namespace, Name: d.Service}
		all = append(all, query.DeclaredStrength{
			Site: strength.Site{
				Caller: callgraph.Operation{Service: service, Name: d.Operation},
				Callee: strength.Callee{Peer: d.Peer, Operation: d.PeerOperation},
			},
			Strength: strengths[d.Strength],
		})
	}
	return all
}

// kinds are those of the rules, each once.
func (c *Config) kinds() (all []string) {
	for _, r := range c.Keys {
		if !slices.Contains(all, r.Kind) {
			all = append(all, r.Kind)
		}
	}
	return all
}

// hosts are the names that are served; nil means any.
func (c *Config) hosts() []string {
	if !isLoopback(c.HTTP.NetAddr.Endpoint) {
		return nil
	}
	names := make([]string, 0, len(c.AllowedHosts))
	for _, name := range c.AllowedHosts {
		names = append(names, strings.ToLower(name))
	}
	return names
}

func isLoopback(endpoint string) bool {
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
