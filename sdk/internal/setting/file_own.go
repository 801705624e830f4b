package setting

import (
	"github.com/jcallgraph/jcallgraph/sampler"
)

// extension is what is set under distribution.jcallgraph.
type extension struct {
	rates   map[string]sampler.Rate // by the local root's name
	limit   int                     // successful local traces in a second
	noEdges bool
}

// readDistribution reads our part of the section that the format has for
// distributions; other distributions' are theirs.
func (f *file) readDistribution(n node) error {
	return n.entries(func(name string, n node) error {
		if name != "jcallgraph" {
			return nil
		}
		return f.readOwn(n)
	})
}

func (f *file) readOwn(n node) error {
	edges := ""
	err := n.each(fields{
		"keep":         f.readKeep,
		"scope":        toWord(&f.Scope, Scopes),
		"ids":          toWord(&f.IDs, IDKinds),
		"rates":        f.readRates,
		"limit":        toWhole(&f.own.limit, 1),
		"storm_budget": toWhole(&f.StormBudget, 0),
		"bodies":       toWhole(&f.Bodies, 1),
		"chain_keys":   toStrings(&f.ChainKeys),
		"chain_secret": to(&f.ChainSecret),
		"destinations": toStrings(&f.Destinations),
		"edges":        f.readEdges(&edges),
	})
	f.own.noEdges = edges == "off"
	return err
}

func (f *file) readKeep(n node) error {
	var words []string
	if err := toStrings(&words)(n); err != nil {
		return err
	}
	if err := f.keep(words); err != nil {
		return n.errorf("%s", err)
	}
	return nil
}

// readRates gives traces that begin with an operation a ratio of their own.
func (f *file) readRates(n node) error {
	f.own.rates = map[string]sampler.Rate{}
	return n.entries(func(operation string, n node) error {
		var ratio float64
		if err := toRatio(&ratio)(n); err != nil {
			return err
		}
		f.own.rates[operation] = sampler.RatioOf(ratio)
		return nil
	})
}

// readEdges reads off, or the exporter for the counts.
func (f *file) readEdges(word *string) func(node) error {
	return func(n node) error {
		if n.Value != "" {
			return toWord(word, []string{"off"})(n)
		}
		var e Exporter
		if err := e.read(n); err != nil {
			return err
		}
		if e.Kind == Console {
			return n.errorf("accepted: off, compact, otlp_http, otlp_grpc")
		}
		f.Edges = e.ofCounts()
		return nil
	}
}

// apply puts the rates of ours where the sampler decides roots.
func (x extension) apply(s *Setting) {
	if x.rates == nil && x.limit == 0 {
		return
	}
	parent, based := s.Policy.Rate.(sampler.ParentBased)
	root := s.Policy.Rate
	if based {
		root = parent.Root
	}
	if x.limit > 0 {
		root = sampler.NewLimit(x.limit)
	}
	if x.rates != nil {
		root = sampler.PerOperation{Operations: x.rates, Others: root}
	}
	if based {
		root = sampler.ParentBased{Root: root}
	}
	s.Policy.Rate = root
}
