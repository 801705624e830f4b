package query

import (
	"net/http"
	"time"
)

// healthy is what the health endpoint says.
type healthy struct {
	Status          string     `json:"status"` // ok, starting (the graph was not read yet), stale (it can't be read)
	Failure         string     `json:"failure,omitempty"`
	Now             time.Time  `json:"now"`
	AsOf            *time.Time `json:"asOf"`
	RefreshFailures uint64     `json:"refreshFailures"`
	View            viewHealth `json:"view"`

	Dependencies dependencyHealth `json:"dependencies"`
}

type dependencyHealth struct {
	AsOf    *time.Time `json:"asOf"` // null: no evidence was read yet
	Sites   int        `json:"sites"`
	Refused uint64     `json:"refused"`
}

type viewHealth struct {
	Cells      int        `json:"cells"`
	Edges      int        `json:"edges"`
	Operations int        `json:"operations"`
	Services   int        `json:"services"`
	Evicted    uint64     `json:"evicted"`
	Floor      *time.Time `json:"floor"` // older counts are read from the store; null: none were evicted
}

func (s *Server) health(*http.Request) (any, error) {
	f := &s.feed
	f.mu.Lock()
	asOf, failures, failure := f.asOf, f.failures, f.failure
	f.mu.Unlock()
	stats := s.options.View.Stats()
	h := healthy{
		Status: "ok", Now: s.options.Now().UTC(), AsOf: optional(asOf), RefreshFailures: failures,
		View: viewHealth{stats.Cells, stats.Edges, stats.Operations, stats.Services, stats.Evicted, optional(stats.Floor)},
	}
	_, judged := s.strengths.now()
	sites := s.StrengthStats()
	h.Dependencies = dependencyHealth{judged, sites.Sites, sites.Refused}
	switch {
	case failure != nil:
		h.Status, h.Failure = "stale", failure.Error()
	case asOf.IsZero():
		h.Status = "starting"
	}
	return h, nil
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
