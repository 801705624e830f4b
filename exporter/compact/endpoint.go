package compact

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// DefaultEndpoint is a collector on this machine.
const DefaultEndpoint = "http://localhost:4319"

const defaultPort = "4319"

// endpoint is where a collector listens.
type endpoint struct {
	host   string // with its port
	secure bool   // TLS, as far as a URL says
}

// String is the endpoint as a URL.
func (e endpoint) String() string {
	if e.secure {
		return "https://" + e.host
	}
	return "http://" + e.host
}

func parseEndpoint(text string) (endpoint, error) {
	u, err := url.Parse(withScheme(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return endpoint{}, fmt.Errorf("endpoint %q: accepted: http://host:port, https://host:port, host:port", withoutUser(text))
	}
	e := endpoint{host: u.Host, secure: u.Scheme == "https" || !strings.Contains(text, "://") && !isLoopback(u.Hostname())}
	if u.Port() == "" {
		e.host = net.JoinHostPort(u.Hostname(), defaultPort)
	}
	return e, nil
}

// withoutUser is the text without what may be a password.
func withoutUser(text string) string {
	if at := strings.LastIndex(text, "@"); at >= 0 {
		return "…" + text[at:]
	}
	return text
}

func withScheme(text string) string {
	if strings.Contains(text, "://") {
		return text
	}
	return "http://" + text
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
