package query

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/storage"
)

const (
	maxText      = 4096 // bytes of what is searched for
	maxTextIDs   = 10   // looked up of one text
	defaultFound = 10
	maxFound     = 100
)

// findings are what a text may mean.
type findings struct {
	Window     timeWindow `json:"window"`
	Keys       []foundKey `json:"keys"`
	Services   []node     `json:"services"`
	Operations []node     `json:"operations"`
	Chains     []summary  `json:"chains"`
}

// findAnything looks for what a text may mean: IDs in it, business keys, an attribute, a name.
func (s *Server) findAnything(r *http.Request) (any, error) {
	p := s.parameters(r)
	text := strings.TrimSpace(p.required("q"))
	if len(text) > maxText {
		p.refuse("q", text, "must be at most 4096 bytes")
	}
	window, limit, environment := p.window(), int(p.integer("limit", defaultFound, 1, maxFound)), p.text("environment")
	if err := p.fault(); err != nil {
		return nil, err
	}
	answer := findings{Window: timeWindow(window), Services: []node{}, Operations: []node{}, Chains: []summary{}}
	keys, err := s.keysIn(r.Context(), text, environment, limit)
	if err != nil {
		return nil, err
	}
	answer.Keys = keys
	chains, err := s.meant(r.Context(), text, environment, window, limit)
	if err != nil {
		return nil, err
	}
	for _, st := range chains {
		answer.Chains = append(answer.Chains, st.summary())
	}
	if len(chains) > 0 {
		return answer, nil
	}
	services, operations, err := s.options.View.Find(r.Context(), window, text, environment, limit)
	seconds := s.recorded(window)
	answer.Services, answer.Operations = shownNodes(services, seconds), shownNodes(operations, seconds)
	return answer, err
}

func shownNodes(nodes []graphview.Node, seconds float64) []node {
	all := make([]node, 0, len(nodes))
	for i := range nodes {
		all = append(all, shownNode(&nodes[i], seconds))
	}
	return all
}

// meant are the chains that a text names by their IDs or by an attribute.
func (s *Server) meant(ctx context.Context, text, environment string, w callgraph.Window, limit int) ([]*story, error) {
	if ids := idsIn(text); len(ids) > 0 {
		chains, err := s.byIDs(ctx, ids, timeIn(text), limit)
		if err != nil || len(chains) > 0 {
			return chains, err
		}
	}
	key, value, isPair := strings.Cut(text, "=")
	if key = strings.TrimSpace(key); !isPair || key == "" || strings.ContainsAny(key, " \t\"") {
		return nil, nil
	}
	x := chainSearch{limit: limit, window: within(w), span: storage.Query{
		Service:    callgraph.Service{Environment: environment},
		Attributes: map[string]string{key: strings.Trim(strings.TrimSpace(value), `"'`)},
	}}
	if err := s.choose(ctx, &x); err != nil {
		return nil, err
	}
	page, err := s.chainPage(ctx, x)
	return page.found, err
}

// byIDs are the chains of trace IDs and short IDs, newest first.
func (s *Server) byIDs(ctx context.Context, ids []string, w callgraph.Window, limit int) ([]*story, error) {
	var all []*story
	seen := map[[16]byte]bool{}
	for _, id := range ids {
		traces, err := s.traces(ctx, id, w, limit)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return nil, err
		}
		for _, td := range traces {
			st := newStory(td)
			if id := st.entrance.Span.TraceID(); !seen[id] {
				seen[id] = true
				all = append(all, st)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *story) int { return cmp.Compare(b.start, a.start) })
	return all[:min(limit, len(all))], nil
}

var (
	hexWord = regexp.MustCompile(`[0-9a-fA-F]+`)
	instant = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?`)
)

// idsIn are the words of a text that may be trace IDs or short IDs; groups of a
// UUID are none.
func idsIn(text string) (ids []string) {
	for _, at := range hexWord.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		whole := !joins(text, at[0]-1) && !joins(text, at[1])
		if zero := strings.Trim(word, "0") == ""; whole && !zero && (len(word) == 32 || len(word) == 16 || len(word) == 8) && len(ids) < maxTextIDs {
			ids = append(ids, strings.ToLower(word))
		}
	}
	return ids
}

// joins reports whether the byte there makes its neighbour a part of a longer word.
func joins(text string, at int) bool {
	if at < 0 || at >= len(text) {
		return false
	}
	c := text[at]
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

const (
	aroundTime    = time.Hour
	anyZone       = 15 * time.Hour // a time without a zone may be that of any
	zonelessTime  = "2006-01-02T15:04:05"
	zonedTime     = "2006-01-02T15:04:05Z07:00"
	zonedTimeBare = "2006-01-02T15:04:05Z0700"
)

// timeIn is the window around the time in a text in which a short ID is looked
// for; any time where there is none.
func timeIn(text string) callgraph.Window {
	at := strings.Replace(instant.FindString(text), " ", "T", 1)
	at = strings.Replace(at, ",", ".", 1)
	for _, layout := range []string{zonedTime, zonedTimeBare, zonelessTime} {
		t, err := time.Parse(layout, at)
		if err != nil {
			continue
		}
		around := aroundTime
		if layout == zonelessTime {
			around = anyZone
		}
		return callgraph.Window{From: t.Add(-around), To: t.Add(around)}
	}
	return anyTime
}
