// Package rules decides which package may import which: the layout's import
// rules as data, checked by its test.
package rules

import (
	"path"
	"strings"
)

// Module is the path that all of our packages begin with.
const Module = "github.com/jcallgraph/jcallgraph"

// adapterKinds are the collector's component kinds: a package whose name ends
// in one of them adapts our code to the collector.
var adapterKinds = []string{"exporter", "receiver", "processor", "connector", "extension", "provider", "converter"}

// Forbidden says why the package at from must not import the package at to,
// or is empty where it may. Both are import paths.
func Forbidden(from, to string) string {
	from = strings.TrimPrefix(strings.TrimPrefix(from, Module), "/")
	for _, r := range rules {
		if r.applies(from) && r.refuses(from, to) {
			return r.why
		}
	}
	return ""
}

type rule struct {
	why     string
	applies func(from string) bool
	refuses func(from, to string) bool
}

var rules = []rule{
	{
		why:     "only adapters (packages named after a collector kind) import the collector framework",
		applies: func(from string) bool { return !isAdapter(from) && !isProgram(from) },
		refuses: func(_, to string) bool { return isFramework(to) },
	},
	{
		why:     "adapters never import each other",
		applies: isAdapter,
		refuses: func(from, to string) bool { return isOurs(to) && isAdapter(local(to)) && local(to) != from },
	},
	{
		why:     "callgraph is plain values: standard library only",
		applies: func(from string) bool { return from == "callgraph" },
		refuses: func(_, to string) bool { return !isStandard(to) },
	},
	{
		why:     "packages below callgraph import callgraph, pdata and the standard library only, and strength the mathematics of its statistics",
		applies: func(from string) bool { return strings.HasPrefix(from, "callgraph/") },
		refuses: func(from, to string) bool {
			if from == "callgraph/strength" && strings.HasPrefix(to, "gonum.org/v1/gonum/") {
				return false
			}
			return !isStandard(to) && !isPdata(to) && (!isOurs(to) || !within(local(to), "callgraph"))
		},
	},
	{
		why:     "the storage contract imports callgraph, the evidence in callgraph/strength and pdata only",
		applies: func(from string) bool { return from == "storage" },
		refuses: func(_, to string) bool {
			return !isStandard(to) && !isPdata(to) && local(to) != "callgraph" && local(to) != "callgraph/strength"
		},
	},
	{
		why:     "backends import callgraph, the storage contract, the table of own metrics and their driver, not each other",
		applies: func(from string) bool { return strings.HasPrefix(from, "storage/") },
		refuses: func(from, to string) bool {
			below := local(to)
			return isOurs(to) && below != "storage" && below != "internal/ownmetric" && !within(below, "callgraph") && !within(below, backend(from))
		},
	},
	{
		why:     "the query core imports callgraph and the storage contract, never a backend",
		applies: func(from string) bool { return within(from, "extension/query") },
		refuses: func(_, to string) bool { return isOurs(to) && strings.HasPrefix(local(to), "storage/") },
	},
	{
		why:     "the compact wire knows spans as its own Source and Sink have them: callgraph and the standard library only",
		applies: func(from string) bool { return from == "wire" },
		refuses: func(_, to string) bool { return !isStandard(to) && local(to) != "callgraph" },
	},
	{
		why:     "the compact exporter knows no SDK of ours, which uses it, and no pdata",
		applies: func(from string) bool { return within(from, "exporter/compact") },
		refuses: func(_, to string) bool { return isPdata(to) || within(to, Module+"/sdk") },
	},
	{
		why:     "an application that uses the SDK must not link the collector, Redis or Elasticsearch",
		applies: func(from string) bool { return isClient(from) },
		refuses: func(_, to string) bool {
			return strings.Contains(to, "go.opentelemetry.io/collector") && !isPdata(to) ||
				strings.Contains(to, "redis") || strings.Contains(to, "olivere")
		},
	},
}

func isAdapter(from string) bool {
	for _, kind := range adapterKinds {
		if name := path.Base(from); strings.HasSuffix(name, kind) && name != kind {
			return true
		}
	}
	return false
}

// isProgram holds for what nobody imports: commands, benchmarks, examples and
// the tests of the whole.
func isProgram(from string) bool {
	for _, top := range []string{"cmd", "bench", "examples", "internal/e2e"} {
		if within(from, top) {
			return true
		}
	}
	return false
}

func isClient(from string) bool {
	return within(from, "sdk") || within(from, "sampler") || within(from, "wire") || within(from, "exporter/compact")
}

func isFramework(to string) bool {
	return (strings.HasPrefix(to, "go.opentelemetry.io/collector/") || strings.Contains(to, "opentelemetry-collector-contrib")) && !isPdata(to)
}

func isPdata(to string) bool    { return within(to, "go.opentelemetry.io/collector/pdata") }
func isStandard(to string) bool { return !strings.Contains(strings.Split(to, "/")[0], ".") }
func isOurs(to string) bool     { return within(to, Module) }
func local(to string) string    { return strings.TrimPrefix(strings.TrimPrefix(to, Module), "/") }

func within(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

// backend is the folder of the backend that a package below storage belongs to.
func backend(from string) string {
	parts := strings.SplitN(from, "/", 3)
	return parts[0] + "/" + parts[1]
}
