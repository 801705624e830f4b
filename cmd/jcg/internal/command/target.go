package command

import (
	"maps"

	"github.com/spf13/cobra"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/otlpsend"
	"github.com/jcallgraph/jcallgraph/internal/portoffset"
)

// targetFlags say where OTLP goes. A flag goes before OTel's environment
// variable, and that before the default.
type targetFlags struct {
	endpoint    string
	protocol    protocolFlag
	insecure    bool
	headers     headerFlag
	compression compressionFlag
	timeout     period
	caFile      string
}

func (f *targetFlags) add(c *cobra.Command) {
	f.protocol.value = otlpsend.GRPC
	f.timeout.value = otlpsend.DefaultTimeout
	flags := c.Flags()
	flags.StringVar(&f.endpoint, "endpoint", "", "where the collector listens: host:port or URL "+
		"(default $OTEL_EXPORTER_OTLP_ENDPOINT, else this machine's port 4317 for grpc, 4318 for http, moved by $"+portoffset.Variable+")")
	flags.Var(&f.protocol, "protocol", "grpc or http")
	flags.BoolVar(&f.insecure, "insecure", false, "send without TLS to a host:port (default: only to this machine)")
	flags.Var(&f.headers, "header", "header to send with each request, key=value; may be repeated")
	flags.Var(&f.compression, "compression", "of requests: gzip or none")
	flags.Var(&f.timeout, "timeout", "of one request")
	flags.StringVar(&f.caFile, "certificate", "", "file of the PEM certificates to trust (default: the system's)")
}

// target is the environment's, overlaid with the flags that were given.
func (f *targetFlags) target(c *cobra.Command, getenv func(string) string) (otlpsend.Target, error) {
	given := func(name string) bool { return c.Flags().Changed(name) }
	if given("protocol") {
		getenv = withProtocol(getenv, f.protocol.value)
	}
	t, err := otlpsend.FromEnvironment(getenv)
	if err != nil {
		return t, err
	}
	if given("endpoint") {
		t.Endpoint = f.endpoint
	}
	if t.Endpoint == "" {
		if t.Endpoint, err = portoffset.Local(getenv, t.Protocol.DefaultPort()); err != nil {
			return t, err
		}
	}
	if given("insecure") {
		t.Insecure = &f.insecure
	}
	if given("compression") {
		t.Gzip = f.compression.gzip
	}
	if given("timeout") {
		t.Timeout = f.timeout.value
	}
	if given("certificate") {
		t.CAFile = f.caFile
	}
	maps.Copy(t.Headers, f.headers.values)
	return t, nil
}

// withProtocol answers for the protocol variable, which decides how the
// others are read.
func withProtocol(getenv func(string) string, p otlpsend.Protocol) func(string) string {
	return func(name string) string {
		if name == "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL" {
			return string(p)
		}
		return getenv(name)
	}
}
