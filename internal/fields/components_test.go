package fields_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/jcallgraph/jcallgraph/connector/callgraphconnector"
	"github.com/jcallgraph/jcallgraph/connector/durableconnector"
	"github.com/jcallgraph/jcallgraph/exporter/compactexporter"
	"github.com/jcallgraph/jcallgraph/exporter/storageexporter"
	"github.com/jcallgraph/jcallgraph/extension/admissionextension"
	"github.com/jcallgraph/jcallgraph/extension/memoryextension"
	"github.com/jcallgraph/jcallgraph/extension/queryextension"
	"github.com/jcallgraph/jcallgraph/extension/storageextension"
	"github.com/jcallgraph/jcallgraph/processor/credentialprocessor"
	"github.com/jcallgraph/jcallgraph/processor/dependencyprocessor"
	"github.com/jcallgraph/jcallgraph/processor/logicalchainprocessor"
	"github.com/jcallgraph/jcallgraph/receiver/compactreceiver"
)

type factory interface {
	CreateDefaultConfig() component.Config
}

// components are all of ours, by kind and type.
var components = map[string]factory{
	"connectors/call_graph":               callgraphconnector.NewFactory(),
	"connectors/call_graph_durable":       durableconnector.NewFactory(),
	"exporters/call_graph_storage":        storageexporter.NewFactory(),
	"exporters/compact":                   compactexporter.NewFactory(),
	"extensions/call_graph_admission":     admissionextension.NewFactory(),
	"extensions/call_graph_query":         queryextension.NewFactory(),
	"extensions/call_graph_storage":       storageextension.NewFactory(),
	"extensions/go_memory":                memoryextension.NewFactory(),
	"processors/call_graph_credentials":   credentialprocessor.NewFactory(),
	"processors/call_graph_dependency":    dependencyprocessor.NewFactory(),
	"processors/call_graph_logical_chain": logicalchainprocessor.NewFactory(),
	"receivers/compact":                   compactreceiver.NewFactory(),
}

func decode(t *testing.T, f factory, text string) error {
	t.Helper()
	var given map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &given), text)
	into := f.CreateDefaultConfig()
	return confmap.NewFromStringMap(given).Unmarshal(into)
}

const dependencyFields = "assume_complete, backend, flush_interval, injected_attributes, max_sites, max_spans, storage, wait, whole_chains"

// What a user reads of a wrong configuration, behind the collector's own words on
// whose it is: every component's, and every type of ours in them.
var wrongs = map[string]map[string]string{
	"connectors/call_graph": {
		"flush: 1s":                              "flush: there is no such field; there are backend, flush_interval, max_cells, max_spans, open_time, pairing_window, prometheus, storage",
		"prometheus: {bucket: 1}":                "prometheus::bucket: there is no such field; there are explicit_buckets, interval, limit, pipelines, spans_only",
		"prometheus: [metrics]":                  "prometheus: must be a map of explicit_buckets, interval, limit, pipelines, spans_only, not a list",
		"prometheus: {pipelines: [logs1]}":       "prometheus::pipelines::0: in \"logs1\" id: unknown pipeline signal: \"logs1\"",
		"prometheus: {explicit_buckets: [1, x]}": `prometheus::explicit_buckets::1: must be a number, not "x"`,
		"open_time: soon":                        `open_time: must be a duration, such as 500ms, 30s or 1h, not "soon"`,
		"max_spans: many":                        `max_spans: must be a whole number, not "many"`,
		"max_spans: 1.5":                         "max_spans: must be a whole number, not 1.5",
		"{max_spans: 1e30, max_cells: []}":       "max_cells: must be a whole number, not a list\nmax_spans: must be a whole number, not 1e+30",
	},
	"connectors/call_graph_durable": {
		"bakend: local": "bakend: there is no such field; there are backend, storage",
		"backend: 7":    "backend: must be a text: put what is there in quotes",
	},
	"exporters/call_graph_storage": {
		"bakend: local":                 "bakend: there is no such field; there are backend, other_metrics, retry_on_failure, sending_queue, storage, timeout",
		"retry_on_failure: {every: 1s}": "retry_on_failure::every: there is no such field; there are enabled, initial_interval, max_elapsed_time, max_interval, multiplier, randomization_factor",
		"timeout: [30s]":                "timeout: must be a whole number, not a list",
	},
	"exporters/compact": {
		"short_id: born":       "short_id: there is no such field; there are ",
		"streams: true":        "streams: must be a whole number, not true",
		"tls: {insecur: true}": "tls::insecur: there is no such field; there are ",
		"endpoint: [a]":        "endpoint: must be a text, not a list",
	},
	"extensions/call_graph_admission": {
		"max_gib: 1":   "max_gib: there is no such field; there are max_mib, max_requests",
		"max_mib: 1Mi": `max_mib: must be a whole number, not "1Mi"`,
	},
	"extensions/call_graph_query": {
		"dependencies: {declare: []}":                "dependencies::declare: there is no such field; there are declared",
		"dependencies: {declared: [{strong: weak}]}": "dependencies::declared::0::strong: there is no such field; there are environment, namespace, operation, peer, peer_operation, service, strength",
		"dependencies: {declared: {service: a}}":     "dependencies::declared: must be a list, not a map",
		"dependencies: {declared: [weak]}":           `dependencies::declared::0: must be a map of environment, namespace, operation, peer, peer_operation, service, strength, not a text`,
		"keys: [{kind: order, hmac_key: ''}]":        "keys::0::hmac_key: must not be empty; is the variable set that it comes from?",
		"keys: [{kinds: order}]":                     "keys::0::kinds: there is no such field; there are attributes, baggage, hmac_key, kind, normalise, pattern, services",
		"erase: maybe":                               `erase: must be true or false, not "maybe"`,
		"http: {endpint: 'localhost:1'}":             "http::endpint: there is no such field; there are ",
	},
	"extensions/call_graph_storage": {
		"backends: [pebble]":                            "backends: must be a map of names, not a list",
		"backends: {local: {peble: {}}}":                "backends::local::peble: there is no such field; there are memory, pebble",
		"backends: {local: {pebble: {dir: /x}}}":        "backends::local::pebble::dir: there is no such field; there are directory, edge_retention, max_size, retention",
		"backends: {local: {memory: {retention: 1d}}}":  `backends::local::memory::retention: must be a duration, such as 500ms, 30s or 1h, not "1d"`,
		"backends: {local: {memory: {max_size: much}}}": `backends::local::memory::max_size: size "much": must be a number of bytes with or without a unit, such as 10GiB, 500MB or 1048576`,
		"backends: {local: {memory: {max_size: [1]}}}":  "backends::local::memory::max_size: must be a whole number, not a list",
	},
	"extensions/go_memory": {
		"limit: 100":  "limit: there is no such field; there are limit_mib",
		"100%s: true": "100%s: there is no such field; there are limit_mib",
	},
	"processors/call_graph_credentials": {
		"key: [a]":           "key: there is no such field; there are keys, parameters",
		"parameters: {a: b}": "parameters: must be a list, not a map",
	},
	"processors/call_graph_dependency": {
		"quiet: 1s":                  "quiet: there is no such field; there are " + dependencyFields,
		"whole_chains: {rates: 1}":   "whole_chains::rates: there is no such field; there are off, quiet, rate",
		"whole_chains: off":          "whole_chains: must be a map of off, quiet, rate, not a text",
		"whole_chains: {rate: 0}":    "whole_chains::rate: must be from 1 to 10000; off: true reads no chains",
		"whole_chains: {quiet: 0s}":  "whole_chains::quiet: must be from 1s to 10m",
		"whole_chains: {quiet: 0}":   "whole_chains::quiet: must be from 1s to 10m",
		"whole_chains: {off: 'yes'}": `whole_chains::off: must be true or false, not "yes"`,
		"injected_attributes: [[a]]": "injected_attributes::0: must be a text, not a list",
		"storage: {a: b}":            "storage: must be a text, not a map",
		"storage: ''":                "storage: id must not be empty",
	},
	"processors/call_graph_logical_chain": {
		"keys: [{kind: a}, {hmac_key: }]":   "keys::1::hmac_key: must not be empty; is the variable set that it comes from?",
		"keys: [{hmac_key: 1234567890123}]": "keys::0::hmac_key: must be a text: put what is there in quotes",
		"keys: order":                       "keys: must be a list, not a text",
		"annotation: true":                  "annotation: there is no such field; there are annotate, backend, keys, storage",
	},
	"receivers/compact": {
		"max_senders: -1e3.5": `max_senders: must be a whole number, not "-1e3.5"`,
		"max_gib: 1":          "max_gib: there is no such field; there are ",
		"transport: {a: b}":   "transport: must be a text, not a map",
	},
}

// ahead is what the collector's decoder puts before.
const ahead = "decoding failed due to the following error(s):\n\n'' "

func TestWrongConfigurationsAreExplained(t *testing.T) {
	require.Equal(t, slices.Sorted(maps.Keys(components)), slices.Sorted(maps.Keys(wrongs)), "each component has its cases")
	for _, name := range slices.Sorted(maps.Keys(wrongs)) {
		for text, want := range wrongs[name] {
			t.Run(name+" "+text, func(t *testing.T) {
				err := decode(t, components[name], text)
				require.Error(t, err)
				if want[len(want)-1] == ' ' { // then comes a list of fields that the collector's own types have
					require.Contains(t, err.Error(), ahead+want)
					return
				}
				require.Equal(t, ahead+want, err.Error())
			})
		}
	}
}

// What a configuration is written as can be read again: no field is refused that
// there is.
func TestDefaultsAreTaken(t *testing.T) {
	for name, f := range components {
		written := confmap.New()
		require.NoError(t, written.Marshal(f.CreateDefaultConfig()), name)
		if written.Get("storage") == "" { // which nobody can write
			written.Delete("storage")
		}
		require.NoError(t, written.Unmarshal(f.CreateDefaultConfig()), name)
	}
}

var port = regexp.MustCompile(`{{port (\d+)}}`) // of the built-in configurations

// The configurations that we ship are taken.
func TestShippedConfigurationsAreTaken(t *testing.T) {
	files, err := filepath.Glob("../../examples/overlays/*.yaml")
	require.NoError(t, err)
	files = append(files, "../../confmap/builtinprovider/all-in-one.yaml")
	taken := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var all map[string]any
		require.NoError(t, yaml.Unmarshal(port.ReplaceAll(text, []byte("$1")), &all), file)
		for kind, given := range all {
			given, _ := given.(map[string]any)
			for id, fields := range given {
				kindOf, _, _ := strings.Cut(id, "/")
				name := kind + "/" + kindOf
				f, ours := components[name]
				m, ok := fields.(map[string]any)
				if !ours || !ok {
					continue
				}
				taken[name] = true
				require.NoError(t, confmap.NewFromStringMap(m).Unmarshal(f.CreateDefaultConfig()), "%s in %s", id, file)
			}
		}
	}
	require.Greater(t, len(taken), 6, "%v", taken)
}

// Whatever is written, nothing panics, and what is refused is said.
func FuzzConfigurations(f *testing.F) {
	for _, cases := range wrongs {
		for text := range cases {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		var given map[string]any
		if yaml.Unmarshal([]byte(text), &given) != nil {
			return
		}
		for _, c := range components {
			if err := confmap.NewFromStringMap(given).Unmarshal(c.CreateDefaultConfig()); err != nil {
				require.NotEmpty(t, err.Error())
			}
		}
	})
}
