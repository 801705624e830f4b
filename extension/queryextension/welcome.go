package queryextension

import (
	"context"
	"fmt"
	"net"
	"strings"

	"go.opentelemetry.io/collector/extension/extensioncapabilities"
)

// NotifyConfigSnapshot fails where an address is taken at which a component is
// about to listen. Extensions have started by then.
func (e *Extension) NotifyConfigSnapshot(ctx context.Context, snapshot extensioncapabilities.ConfigSnapshot) error {
	e.listeners = listenersOf(snapshot.Effective())
	return check(ctx, e.listeners)
}

// Ready implements extensioncapabilities.PipelineWatcher: spans are taken in.
func (e *Extension) Ready() error {
	_, err := fmt.Fprint(e.terminal, e.welcome())
	return err
}

// NotReady implements extensioncapabilities.PipelineWatcher. What was stored
// can still be asked for.
func (e *Extension) NotReady() error { return nil }

// welcome tells a person who just started the program where everything is.
func (e *Extension) welcome() string {
	var b strings.Builder
	scheme := "http"
	if e.config.HTTP.TLS.HasValue() {
		scheme = "https"
	}
	fmt.Fprintf(&b, "\nJCallGraph is ready.\n  look   %s://%s%s/\n", scheme, reachable(e.address), strings.TrimSuffix(e.config.BasePath, "/"))
	if e.store != "" {
		fmt.Fprintf(&b, "  store  %s\n", e.store)
	}
	for _, l := range e.listeners {
		switch l.kind {
		case "otlp":
			fmt.Fprintf(&b, "  send   OTLP/%s to %s\n", l.protocol, reachable(l.endpoint))
		case "compact":
			fmt.Fprintf(&b, "  send   compact frames to %s\n", reachable(l.endpoint))
		}
	}
	for _, l := range e.listeners {
		if l.kind == "otlp" && l.protocol == "http" {
			fmt.Fprintf(&b, "  first span:\n    %s\n", firstSpan(l))
			break
		}
	}
	return b.String() + "\n"
}

// firstSpan is a command for a shell; its trace ID is random. What it can't
// know, a certificate and a token, is the reader's to fill in.
func firstSpan(l listener) string {
	to := "http://" + reachable(l.endpoint)
	if l.tls {
		to = "--cacert server.crt https://" + reachable(l.endpoint)
	}
	if l.auth {
		to = "-H 'Authorization: …' " + to
	}
	return fmt.Sprintf(`curl -sS %s/v1/traces -H 'Content-Type: application/json' -d '{"resourceSpans":[{"resource":{"attributes":[`+
		`{"key":"service.name","value":{"stringValue":"hello"}}]},"scopeSpans":[{"spans":[{"traceId":"'$(od -An -N16 -tx1 /dev/urandom|tr -d ' \n')'",`+
		`"spanId":"'$(od -An -N8 -tx1 /dev/urandom|tr -d ' \n')'","name":"GET /hello","kind":2,"startTimeUnixNano":"'$(date +%%s)000000000'",`+
		`"endTimeUnixNano":"'$(date +%%s)250000000'"}]}]}]}'`, to)
}

// reachable is an address that a client on this machine can use.
func reachable(endpoint string) string {
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return endpoint
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
