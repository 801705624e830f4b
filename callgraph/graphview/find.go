package graphview

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Find returns the services and the operations whose names have every word of
// text in them, whatever the case of ASCII letters: first those that are called
// so, then those that begin so, then the busiest. Of each at most limit, in one
// environment, or in all where it is empty. An operation has at least one of the
// words in its own name.
func (v *View) Find(ctx context.Context, w callgraph.Window, text, environment string, limit int) (services, operations []Node, err error) {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return nil, nil, nil
	}
	err = v.read(ctx, w, func(r *reading) {
		byService, byOperation := r.topology.matchWords(words, environment)
		services = newPart(r, &r.topology.services, limit).foremost(byService)
		operations = newPart(r, &r.topology.operations, limit).foremost(byOperation)
	})
	return services, operations, err
}

// hit is a node whose name was asked for.
type hit struct {
	node  uint32
	rank  int
	calls Count
}

// maxHits is how many nodes of a layer are compared by their calls: of more, the
// text says too little to find anything by.
const maxHits = 5000

// matchWords looks at every service once, and at its operations for the words that
// are not in its name.
func (t *topology) matchWords(words []string, environment string) (services, operations []hit) {
	asked := strings.Join(words, " ")
	add := func(hits []hit, node uint32, name string) []hit {
		if rank := rankOf(name, asked); rank > 0 || len(hits) < maxHits {
			return append(hits, hit{node: node, rank: rank})
		}
		return hits
	}
	missing := make([]string, 0, len(words))
	for id, o := range t.services.nodes {
		name := o.Service.Name
		if environment != "" && o.Service.Environment != environment || name == "" {
			continue
		}
		missing = missing[:0]
		for _, w := range words {
			if indexFold(name, w) < 0 {
				missing = append(missing, w)
			}
		}
		if len(missing) == 0 {
			services = add(services, uint32(id), name)
		}
		for _, m := range t.members[id] {
			if name := t.operations.nodes[m].Name; namedIn(name, missing, words) {
				operations = add(operations, m, name)
			}
		}
	}
	return services, operations
}

// namedIn: every word that the service lacks is in the operation's name, or any
// where it lacks none.
func namedIn(name string, missing, words []string) bool {
	for _, w := range missing {
		if indexFold(name, w) < 0 {
			return false
		}
	}
	return len(missing) > 0 || slices.ContainsFunc(words, func(w string) bool { return indexFold(name, w) >= 0 })
}

func rankOf(name, asked string) int {
	switch {
	case len(name) == len(asked) && indexFold(name, asked) == 0:
		return 2
	case indexFold(name, asked) == 0:
		return 1
	}
	return 0
}

// foremost is the best hits as nodes.
func (p *part) foremost(hits []hit) []Node {
	for i := range hits {
		hits[i].calls = p.received(hits[i].node)
	}
	hits = slices.DeleteFunc(hits, func(h hit) bool { return p.vanished(h) })
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(b.calls.Calls, a.calls.Calls), compare(p.layer.nodes[a.node], p.layer.nodes[b.node]))
	})
	hits = hits[:min(p.limit, len(hits))]
	nodes := make([]Node, 0, len(hits))
	for _, h := range hits {
		nodes = append(nodes, Node{Operation: p.layer.nodes[h.node], Received: h.calls})
	}
	return nodes
}

// vanished: peers are known by their callee's name once all their calls are.
func (p *part) vanished(h hit) bool {
	return h.calls.Calls == 0 && p.layer.nodes[h.node].Node == callgraph.Virtual
}

// indexFold is where s has a word of lower case, without making s lower first:
// every name is looked at for every key that is pressed.
func indexFold(s, word string) int {
	for i := 0; i+len(word) <= len(s); i++ {
		if lower(s[i]) == word[0] && equalFold(s[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}

func equalFold(s, word string) bool {
	for i := range len(s) {
		if lower(s[i]) != word[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
