package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

func TestStartSaysWhatANewUserNeeds(t *testing.T) {
	store := t.TempDir()
	r := start(t, store)
	for _, part := range []string{
		r.URL(portQuery, ""), // where to look
		store,                // where the data lies
		"10 GiB",             // how much of it at most
		"rm -r",              // how to wipe it
		r.Address(portGRPC),  // where to send the first span
	} {
		r.Eventually("the start message to tell "+part, func(context.Context) error {
			if !strings.Contains(r.Output.String(), part) {
				return fmt.Errorf("it is %s", r.Output)
			}
			return nil
		})
	}
}

// command runs a subcommand of the collector to its end.
func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), collectortest.Binary(t), args...).CombinedOutput()
	return string(out), err
}

func TestPrintConfigShowsTheMergedConfiguration(t *testing.T) {
	overlay := file(t, "extensions: {call_graph_storage: {backends: {local: {pebble: {max_size: 2GiB}}}}}")
	out, err := command(t, "print-config", "--config", "builtin:all-in-one?port_offset=5", "--config", overlay)
	require.NoError(t, err, out)
	for _, part := range []string{"max_size: 2.0 GiB", "retention: 168h0m0s", "127.0.0.1:16691", "memory_limiter"} {
		require.Contains(t, out, part)
	}
}

func TestBuiltInConfigurationsAreValid(t *testing.T) {
	for _, name := range []string{"all-in-one"} {
		out, err := command(t, "validate", "--config", "builtin:"+name)
		require.NoError(t, err, out)
	}
}

func TestWrongConfigurationIsExplained(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown built-in": {[]string{"--config", "builtin:everything"}, `no built-in configuration "everything": there is all-in-one`},
		"offset":           {[]string{"--config", "builtin:all-in-one?port_offset=many"}, `port_offset="many": must be a whole number from 0 to 48849`},
		"size": {
			[]string{"--config", "builtin:all-in-one", "--config", file(t, "extensions: {call_graph_storage: {backends: {local: {pebble: {max_size: much}}}}}")},
			`size "much": must be a number of bytes with or without a unit, such as 10GiB`,
		},
		"backend": {
			[]string{"--config", "builtin:all-in-one", "--config", file(t, "exporters: {call_graph_storage: {backend: remote}}")},
			`no backend "remote": the storage extension has local`,
		},
		"unknown field": {
			[]string{"--config", "builtin:all-in-one", "--config", file(t, "exporters: {call_graph_storage: {bakend: local}}")},
			"bakend",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := launch(t, t.TempDir(), collectortest.FreeOffset(t), c.args...)
			require.Contains(t, r.Fails(), c.want)
		})
	}
}

// file is a configuration file for one test.
func file(t *testing.T, yaml string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "overlay.yaml")
	require.NoError(t, os.WriteFile(path, []byte(yaml), 0o600))
	return path
}

func TestDistributionHasItsComponents(t *testing.T) {
	out, err := command(t, "components")
	require.NoError(t, err, out)
	for _, name := range []string{
		"otlp", "kafka", "jaeger", "zipkin",
		"memory_limiter", "batch", "groupbytrace", "tail_sampling", "attributes", "resource", "filter", "transform", "redaction", "k8s_attributes",
		"otlp_grpc", "otlp_http", "debug", "file", "prometheus", "prometheus_remote_write", "load_balancing",
		"health_check", "pprof", "zpages", "file_storage", "basicauth", "bearertokenauth", "oidc",
		"call_graph", "call_graph_durable", "call_graph_storage", "call_graph_query", "call_graph_credentials", "call_graph_dependency", "go_memory", "call_graph_admission", "compact",
	} {
		require.Regexp(t, `(?m)- name: `+name+`$`, out)
	}
	require.Contains(t, out, "scheme: builtin")
	require.NotContains(t, out, "scheme: http", "a configuration never comes from the network")
}
