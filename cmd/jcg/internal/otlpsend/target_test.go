package otlpsend

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEndpoints(t *testing.T) {
	no := false
	for _, c := range []struct {
		target Target
		want   endpoint
	}{
		{Target{Endpoint: "127.0.0.1:4317"}, endpoint{"127.0.0.1:4317", tracesPath, false}},
		{Target{Endpoint: "localhost:4317"}, endpoint{"localhost:4317", tracesPath, false}},
		{Target{Endpoint: "[::1]:4317"}, endpoint{"[::1]:4317", tracesPath, false}},
		{Target{Endpoint: "127.0.0.1:4317", Insecure: &no}, endpoint{"127.0.0.1:4317", tracesPath, true}},
		{Target{Endpoint: "collector.example:4317"}, endpoint{"collector.example:4317", tracesPath, true}},
		{Target{Endpoint: "http://collector", Protocol: GRPC}, endpoint{"collector:4317", tracesPath, false}},
		{Target{Endpoint: "https://collector", Protocol: HTTP}, endpoint{"collector:443", tracesPath, true}},
		{Target{Endpoint: "http://collector/", Protocol: HTTP}, endpoint{"collector:80", tracesPath, false}},
		{Target{Endpoint: "http://collector:80/a/v1/traces", Protocol: HTTP}, endpoint{"collector:80", "/a/v1/traces", false}},
	} {
		got, err := c.target.endpoint()
		require.NoError(t, err, c.target.Endpoint)
		require.Equal(t, c.want, got, c.target.Endpoint)
	}
}

func TestBadTargets(t *testing.T) {
	for _, endpoint := range []string{"", "collector", ":4317", "collector:", "ftp://collector", "http://", "http://[::1"} {
		for _, p := range []Protocol{GRPC, HTTP} {
			_, err := New(Target{Protocol: p, Endpoint: endpoint})
			require.ErrorContains(t, err, "want host:port or http(s)://host[:port][/path]", endpoint)
		}
	}
	_, err := New(Target{Protocol: "udp", Endpoint: "127.0.0.1:1"})
	require.EqualError(t, err, `protocol "udp": want grpc or http`)
}

func TestBadCertificates(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for _, p := range []Protocol{GRPC, HTTP} {
		_, err := New(Target{Protocol: p, Endpoint: "https://collector", CAFile: empty})
		require.ErrorContains(t, err, "no PEM certificate in")
		_, err = New(Target{Protocol: p, Endpoint: "https://collector", CAFile: empty + "x"})
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}

func environment(v map[string]string) func(string) string {
	return func(name string) string { return v[name] }
}

func TestEnvironment(t *testing.T) {
	yes := true
	got, err := FromEnvironment(environment(map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT":        "http://a:4318/",
		"OTEL_EXPORTER_OTLP_PROTOCOL":        "grpc",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
		"OTEL_EXPORTER_OTLP_HEADERS":         "api-key=a%20b, x = y,",
		"OTEL_EXPORTER_OTLP_INSECURE":        "true",
		"OTEL_EXPORTER_OTLP_COMPRESSION":     "gzip",
		"OTEL_EXPORTER_OTLP_TIMEOUT":         "2500",
		"OTEL_EXPORTER_OTLP_CERTIFICATE":     "ca.pem",
	}))
	require.NoError(t, err)
	require.Equal(t, Target{
		Protocol: HTTP, Endpoint: "http://a:4318/v1/traces", Insecure: &yes, Gzip: true, CAFile: "ca.pem",
		Headers: map[string]string{"api-key": "a b", "x": "y"}, Timeout: 2500 * time.Millisecond,
	}, got)

	got, err = FromEnvironment(environment(map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4317", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b:4317/x",
	}))
	require.NoError(t, err)
	require.Equal(t, Target{Protocol: GRPC, Endpoint: "http://b:4317/x", Headers: map[string]string{}, Timeout: DefaultTimeout}, got)
}

func TestBadEnvironment(t *testing.T) {
	for name, c := range map[string]struct{ value, want string }{
		"PROTOCOL":    {"http/json", "want grpc or http/protobuf"},
		"INSECURE":    {"perhaps", "want true or false"},
		"HEADERS":     {"a", "want key=value,key=value"},
		"COMPRESSION": {"lzma", "want gzip or none"},
		"TIMEOUT":     {"10s", "want milliseconds, at least 1"},
	} {
		_, err := FromEnvironment(environment(map[string]string{prefix + name: c.value}))
		require.ErrorContains(t, err, "environment variable OTEL_EXPORTER_OTLP_"+name+" is ")
		require.ErrorContains(t, err, c.want)
	}
}
