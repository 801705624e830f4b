package queryextension

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
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
}

// Limits of what is accepted.
const (
	minRefresh   = 10 * time.Millisecond
	maxRefresh   = time.Minute
	minViewCells = 1000
)

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
	return errors.Join(errs...)
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
