package query

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// ErrNotAllowed is wrapped by errors that say which option would allow it.
var ErrNotAllowed = errors.New("not allowed")

// eraseTimeout is how long an erasure may take: to clean a large store's files
// of old bytes takes longer than to read an answer.
const eraseTimeout = 15 * time.Minute

// Erased is what is gone of a key, and what still names it.
type Erased struct {
	Spans  int `json:"spans"` // that carried it and are gone
	Traces int `json:"traces"`
	// EdgesLeft and SitesLeft are edges, and call sites with evidence, named so by
	// their operations or services. They stay as long as edges do.
	EdgesLeft int `json:"edgesLeft"`
	SitesLeft int `json:"sitesLeft"`
}

type erasure struct {
	Key keyShape `json:"key"`
	Erased
}

// eraseKey removes a key, those linked with it aside, and the spans that carry it.
func (s *Server) eraseKey(r *http.Request) (any, error) {
	if s.options.Erase == nil {
		return nil, fmt.Errorf("erasing is %w here: set erase: true of the extension call_graph_query", ErrNotAllowed)
	}
	// A web page of others must not erase: browsers ask before, and are not
	// told yes; this holds for those that don't ask.
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return nil, fmt.Errorf("erasing from another site's page is %w: %w", ErrNotAllowed, err)
	}
	p := s.parameters(r)
	environment := p.text("environment")
	if err := p.fault(); err != nil {
		return nil, err
	}
	raw := r.PathValue("value")
	key, missing := s.onlyKey(r, environment, p.values.Has("environment"))
	switch {
	case errors.Is(missing, storage.ErrNotFound):
		// An erasure that failed late may have left old bytes of it.
		key = s.options.Key(environment, r.PathValue("kind"), raw)
	case missing != nil:
		return nil, missing
	}
	done, err := s.erase(r.Context(), key, raw)
	if err == nil && done.Traces == 0 && missing != nil {
		return nil, missing
	}
	return done, err
}

// onlyKey is the one that is meant: which of several is not guessed.
func (s *Server) onlyKey(r *http.Request, environment string, named bool) (callgraph.ChainKey, error) {
	key, others, err := s.storedKey(r, environment)
	switch {
	case err != nil:
		return key, err
	case named && key.Environment != environment:
		return key, &ParameterError{"environment", environment, fmt.Sprintf("does not have the key, but %q does", key.Environment)}
	case !named && len(others) > 0:
		return key, &ParameterError{"environment", "", fmt.Sprintf("is required: %d have the key, %q among them", len(others)+1, key.Environment)}
	}
	return key, nil
}

func (s *Server) erase(ctx context.Context, key callgraph.ChainKey, raw string) (erasure, error) {
	done, err := s.options.Erase(ctx, key, raw)
	if err != nil {
		err = fmt.Errorf("erase %s, of which %d spans are gone; ask again to go on: %w", key, done.Spans, err)
	}
	return erasure{shownKey(key), done}, err
}
