package setting

import (
	"fmt"
	"net/url"
	"strings"
)

const (
	compactEndpoint = "http://localhost:4319"
	compactAccepted = "http://host:port or https://host:port, without a path, such as " + compactEndpoint
)

// compact is our own exporter by variables: headers and certificates are OTLP's.
func (r *reader) compact() Exporter {
	e := Exporter{Kind: Compact, Endpoint: compactEndpoint}
	if v := r.value(CompactEndpoint); isCompactEndpoint(v) {
		e.Endpoint = v
	} else if v != "" {
		r.refuse(CompactEndpoint, withoutUser(v), compactAccepted)
	}
	name, list := r.first(TracesHeaders, Headers)
	if err := e.addHeaders(list); err != nil {
		r.errs = append(r.errs, fmt.Errorf("%s: %w", name, err)) // without the value, which may be secret
	}
	if !e.Plain() {
		e.TLS.ByVariables = true
		_, e.TLS.CA = r.first(TracesCA, Certificate)
		_, e.TLS.Certificate = r.first(TracesClientCertificate, ClientCertificate)
		_, e.TLS.Key = r.first(TracesClientKey, ClientKey)
	}
	return e
}

func isCompactEndpoint(v string) bool {
	u, err := url.Parse(v)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil && strings.Trim(u.Path, "/") == ""
}

// withoutUser is the text without what may be a password.
func withoutUser(text string) string {
	if at := strings.LastIndex(text, "@"); at >= 0 {
		return "…" + text[at:]
	}
	return text
}

// compactOf is how the first of the senders sends that does so by compact.
func compactOf(senders []Sender) *Exporter {
	for _, s := range senders {
		if s.Exporter.Kind == Compact {
			return &s.Exporter
		}
	}
	return nil
}

// readCompact reads our own exporter of the file.
func (e *Exporter) readCompact(n node) error {
	e.Kind, e.Endpoint = Compact, compactEndpoint
	if err := e.readConnection(n, fields{}); err != nil {
		return err
	}
	if !isCompactEndpoint(e.Endpoint) {
		return n.errorf("endpoint %q: accepted: %s", withoutUser(e.Endpoint), compactAccepted)
	}
	if e.Plain() && e.TLS != (TLS{}) {
		return n.errorf("tls: endpoint %q has none; accepted: https://host:port", e.Endpoint)
	}
	return nil
}
