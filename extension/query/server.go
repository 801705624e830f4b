package query

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Store is what a Server reads.
type Store interface {
	storage.TraceReader
	storage.NameReader
	storage.CellReader
	storage.KeyReader
	storage.EvidenceReader
}

// Options of a Server. Backend and View are required.
type Options struct {
	Backend Store
	// View is fed by Refresh; its source should be the backend.
	View *graphview.View
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// BasePath is a prefix, such as /jaeger, under which everything is served
	// as well as at the root.
	BasePath string
	// Timeout of one request; 0 means DefaultTimeout.
	Timeout time.Duration
	// MaxSpans of one answer of several traces: the trace that passes it is
	// still whole, those after it are left out. 0 means DefaultMaxSpans.
	MaxSpans int
	// Hosts are the names by which clients may call a server that listens on
	// loopback only, besides localhost and addresses; nil allows any. It keeps
	// web pages of others from reading here by rebinding their names.
	Hosts []string
	// Key is the business key under which a store has what was found on a span as
	// raw, as the rules that found it make it; nil: as it is.
	Key func(environment, kind, raw string) callgraph.ChainKey
	// Kinds of keys that Key makes other than they are.
	Kinds []string
	// Erase removes a business key and the spans that carry it, by the stored
	// value or as it was asked for; nil: nothing is erased here.
	Erase func(ctx context.Context, key callgraph.ChainKey, raw string) (Erased, error)
	// StrengthDays is how many days of evidence bear a verdict, today among them;
	// 0 means DefaultStrengthDays.
	StrengthDays int
	// Declared strengths override what was observed.
	Declared []DeclaredStrength
	// Observe is told of every request; nil tells nobody. It must be safe for
	// concurrent use.
	Observe func(Observation)
}

// Observation is a request that was answered.
type Observation struct {
	Endpoint string // the pattern it matched, or "other"
	Status   int
	Duration time.Duration
	Panicked bool
}

// Defaults of Options.
const (
	DefaultTimeout  = 30 * time.Second
	DefaultMaxSpans = 100_000
)

// Server answers queries. It is safe for concurrent use.
type Server struct {
	options Options
	handler http.Handler
	feed    feed
	blames  blames

	strengths strengths
	declared  map[callgraph.StaticID]strength.Strength
}

// New is a server that answers at once; its graph is empty until Refresh.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxSpans == 0 {
		o.MaxSpans = DefaultMaxSpans
	}
	if o.Observe == nil {
		o.Observe = func(Observation) {}
	}
	if o.Key == nil {
		o.Key = func(environment, kind, raw string) callgraph.ChainKey {
			return callgraph.ChainKey{Environment: environment, Kind: kind, Value: raw}
		}
	}
	if o.StrengthDays == 0 {
		o.StrengthDays = DefaultStrengthDays
	}
	o.BasePath = strings.TrimSuffix(o.BasePath, "/")
	s := &Server{options: o, blames: newBlames(), declared: map[callgraph.StaticID]strength.Strength{}}
	for _, d := range o.Declared {
		s.declared[d.Site.ID()] = d.Strength
	}
	s.handler = s.guarded(s.router())
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// feed is how far the view follows the store.
type feed struct {
	refreshing sync.Mutex
	cursor     storage.Cursor

	mu       sync.Mutex
	asOf     time.Time // everything written before is in the view
	failures uint64
	failure  error // of the last refresh
}

// Refresh takes the cells into the view that were written since the last call.
// After an error the next call begins where the last good one ended.
func (s *Server) Refresh(ctx context.Context) error {
	f := &s.feed
	f.refreshing.Lock()
	defer f.refreshing.Unlock()
	began := s.options.Now()
	take := s.options.View.Apply
	if f.cursor == "" {
		s.options.View.Reset()
		take = s.options.View.Fill
	}
	cursor, err := s.options.Backend.Changes(ctx, f.cursor, func(cells []callgraph.Cell) error {
		take(cells)
		return nil
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failure = err
	if err != nil {
		f.failures++
		return fmt.Errorf("read changed edge counts: %w", err)
	}
	f.cursor, f.asOf = cursor, began
	return nil
}

// AsOf is the time before which everything written is in the graph; the zero
// time until the first refresh.
func (s *Server) AsOf() time.Time {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	return s.feed.asOf
}
