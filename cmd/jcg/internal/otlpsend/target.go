// Package otlpsend sends traces by OTLP and decides what an answer means:
// accepted, refused in part, refused for good, or worth another try.
package otlpsend

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"
)

// Protocol is a transport of OTLP; both carry protobuf.
type Protocol string

// The protocols that there are.
const (
	GRPC Protocol = "grpc"
	HTTP Protocol = "http"
)

// DefaultPort is where a collector listens.
func (p Protocol) DefaultPort() int {
	if p == HTTP {
		return 4318
	}
	return 4317
}

// tracesPath is what OTLP/HTTP appends to an endpoint without a path.
const tracesPath = "/v1/traces"

// Target says where to and how. Only Protocol and Endpoint are needed.
type Target struct {
	Protocol Protocol
	// Endpoint is host:port or a URL whose scheme (http or https) decides
	// about TLS.
	Endpoint string
	// Insecure sends without TLS to a host:port. Unset, loopback addresses are
	// insecure and others are not.
	Insecure *bool
	Headers  map[string]string
	Gzip     bool
	// CAFile has the PEM certificates to trust; empty trusts the system's.
	CAFile string
	// Timeout of one request.
	Timeout time.Duration
}

// DefaultTimeout is OTLP's for one request.
const DefaultTimeout = 10 * time.Second

func (t Target) timeout() time.Duration {
	if t.Timeout > 0 {
		return t.Timeout
	}
	return DefaultTimeout
}

// endpoint is a Target's Endpoint taken apart.
type endpoint struct {
	host   string // with port
	path   string
	secure bool
}

var errEndpoint = errors.New("want host:port or http(s)://host[:port][/path]")

func (t Target) endpoint() (endpoint, error) {
	if strings.Contains(t.Endpoint, "://") {
		return parseURL(t.Endpoint, t.Protocol)
	}
	host, port, err := net.SplitHostPort(t.Endpoint)
	if err != nil || host == "" || port == "" {
		return endpoint{}, fmt.Errorf("endpoint %q: %w", t.Endpoint, errEndpoint)
	}
	insecure := isLoopback(host)
	if t.Insecure != nil {
		insecure = *t.Insecure
	}
	return endpoint{host: t.Endpoint, path: tracesPath, secure: !insecure}, nil
}

func parseURL(s string, p Protocol) (endpoint, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return endpoint{}, fmt.Errorf("endpoint %q: %w", s, errEndpoint)
	}
	e := endpoint{host: u.Host, path: u.Path, secure: u.Scheme == "https"}
	if e.path == "" || e.path == "/" {
		e.path = tracesPath
	}
	if u.Port() == "" {
		e.host = net.JoinHostPort(u.Hostname(), defaultPort(p, e.secure))
	}
	return e, nil
}

func defaultPort(p Protocol, secure bool) string {
	switch {
	case p == GRPC:
		return "4317"
	case secure:
		return "443"
	}
	return "80"
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func (t Target) tlsConfig() (*tls.Config, error) {
	if t.CAFile == "" {
		return &tls.Config{MinVersion: tls.VersionTLS12}, nil
	}
	pem, err := os.ReadFile(t.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read certificates to trust: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no PEM certificate in %s", t.CAFile)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}
