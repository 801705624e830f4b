package query

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

const (
	maxFollowed  = 16  // keys, the one asked for among them
	maxKeyLinks  = 20  // of a key that is followed: one with more is a hub
	maxLinkedOut = 100 // keys of an answer
)

// Why a linked key is not followed.
const (
	becauseHub   = "hub"
	becauseDepth = "depth"
	becauseLimit = "limit"
)

type linkedKey struct {
	Key      keyShape `json:"key"`
	TraceID  string   `json:"traceId"`
	Depth    int      `json:"depth"`
	Followed bool     `json:"followed"`
	Links    int      `json:"links"`
	WhyNot   string   `json:"whyNot"`
}

// network is a key with those that links lead to.
type network struct {
	followed []callgraph.ChainKey // the key asked for first, then the nearest
	linked   []linkedKey
	notes    []string
}

// networkOf follows links from a key, some steps far. What an earlier page has
// followed stays followed, and nothing else: it says so where that is gone.
func (s *Server) networkOf(ctx context.Context, from callgraph.ChainKey, steps int, earlier []callgraph.StaticID) (network, error) {
	w := walk{
		server: s, steps: steps, earlier: earlier, seen: map[callgraph.ChainKey]bool{from: true},
		network: network{followed: []callgraph.ChainKey{from}, linked: []linkedKey{}, notes: []string{}},
	}
	links, err := w.links(ctx, from)
	if err != nil {
		return network{}, err
	}
	if len(links) > maxKeyLinks {
		w.notef("%s is linked with more than %d keys: these are not followed", from, maxKeyLinks)
		w.steps, w.hub = 0, true
	}
	for depth, at := 1, links; len(at) > 0; depth++ {
		if at, err = w.step(ctx, at, depth); err != nil {
			return network{}, err
		}
	}
	w.finish()
	return w.network, nil
}

type walk struct {
	network
	server  *Server
	steps   int
	hub     bool // the key asked for is one
	earlier []callgraph.StaticID
	seen    map[callgraph.ChainKey]bool
	left    int // linked keys beyond the answer's limit
}

func (w *walk) notef(format string, a ...any) { w.notes = append(w.notes, fmt.Sprintf(format, a...)) }

func (w *walk) links(ctx context.Context, key callgraph.ChainKey) ([]callgraph.KeyLink, error) {
	links, err := w.server.options.Backend.Links(ctx, key, maxKeyLinks+1)
	if err != nil {
		return nil, fmt.Errorf("links of %s: %w", key, err)
	}
	return links, nil
}

// step takes the keys of one depth and returns the links that lead on.
func (w *walk) step(ctx context.Context, at []callgraph.KeyLink, depth int) (next []callgraph.KeyLink, err error) {
	for _, link := range at {
		if w.seen[link.Key] {
			continue
		}
		w.seen[link.Key] = true
		l := linkedKey{Key: shownKey(link.Key), TraceID: pcommon.TraceID(link.TraceID).String(), Depth: depth}
		if l.WhyNot = w.farther(link.Key, depth); l.WhyNot == "" {
			links, err := w.links(ctx, link.Key)
			if err != nil {
				return nil, err
			}
			l.Links = len(links)
			if len(links) > maxKeyLinks && w.earlier == nil {
				l.WhyNot = becauseHub
			} else {
				l.Followed = true
				w.followed = append(w.followed, link.Key)
				next = append(next, links[:min(len(links), maxKeyLinks)]...)
			}
		}
		w.add(l)
	}
	return next, nil
}

// farther says why a key is not even looked at.
func (w *walk) farther(key callgraph.ChainKey, depth int) string {
	switch {
	case w.hub:
		return becauseHub
	case depth > w.steps:
		return becauseDepth
	case w.earlier != nil && !slices.Contains(w.earlier, hashOf(key)), len(w.followed) >= maxFollowed:
		return becauseLimit
	}
	return ""
}

func (w *walk) add(l linkedKey) {
	if len(w.linked) == maxLinkedOut {
		w.left++
		return
	}
	w.linked = append(w.linked, l)
}

// finish leaves followed keys in the order that an earlier page had: the first
// that a chain carries has it, on each page.
func (w *walk) finish() {
	if w.earlier != nil {
		slices.SortStableFunc(w.followed, func(a, b callgraph.ChainKey) int {
			return slices.Index(w.earlier, hashOf(a)) - slices.Index(w.earlier, hashOf(b))
		})
	}
	if w.left > 0 {
		w.notef("%d more linked keys are left out", w.left)
	}
	if len(w.followed) < len(w.earlier) {
		w.notef("of %d keys that were followed before, %d are not linked any more", len(w.earlier), len(w.earlier)-len(w.followed))
	}
}

// hashOf stands for a key in a cursor.
func hashOf(k callgraph.ChainKey) callgraph.StaticID {
	return callgraph.HashNames(k.Environment, k.Kind, k.Value)
}

func hashes(keys []callgraph.ChainKey) []callgraph.StaticID {
	all := make([]callgraph.StaticID, 0, len(keys))
	for _, k := range keys {
		all = append(all, hashOf(k))
	}
	return all
}
