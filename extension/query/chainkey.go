package query

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

const (
	maxRawKey   = 1024 // bytes of a value as it is asked for: rules may shorten it
	maxSameKeys = 1000 // keys of one value, of all kinds and environments
)

// storedKey is the key that a path names: in the environment asked for, or the
// first that has it. Others are those of other environments.
func (s *Server) storedKey(r *http.Request, environment string) (key callgraph.ChainKey, others []callgraph.ChainKey, err error) {
	kind, raw := r.PathValue("kind"), r.PathValue("value")
	values, err := s.spellings(kind, raw)
	if err != nil {
		return key, nil, err
	}
	for _, value := range values {
		same, err := s.sameKeys(r.Context(), kind, value)
		if err != nil {
			return key, nil, err
		}
		at := 0
		if environment != "" {
			at = slices.IndexFunc(same, func(k callgraph.ChainKey) bool { return k.Environment == environment })
		}
		if at >= 0 && at < len(same) {
			key = same[at]
			return key, slices.Delete(same, at, at+1), nil
		}
	}
	return key, nil, fmt.Errorf("key %s: %w", callgraph.ChainKey{Environment: environment, Kind: kind, Value: raw}, storage.ErrNotFound)
}

// spellings of a value under which it may be stored: what the rules of its kind
// make of it, and as it is, for that is how answers have it.
func (s *Server) spellings(kind, raw string) (values []string, err error) {
	if len(kind) > callgraph.MaxKeyKind {
		return nil, &ParameterError{"kind", kind, fmt.Sprintf("must be at most %d bytes", callgraph.MaxKeyKind)}
	}
	if len(raw) > maxRawKey {
		return nil, &ParameterError{"value", raw, fmt.Sprintf("must be at most %d bytes", maxRawKey)}
	}
	for _, value := range [...]string{s.options.Key("", kind, raw).Value, raw} {
		if value != "" && len(value) <= callgraph.MaxKeyValue && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	if values == nil {
		return nil, &ParameterError{"value", raw, fmt.Sprintf("must be at most %d bytes when normalised, and no empty word", callgraph.MaxKeyValue)}
	}
	return values, nil
}

func (s *Server) sameKeys(ctx context.Context, kind, value string) ([]callgraph.ChainKey, error) {
	found, err := s.options.Backend.FindKeys(ctx, kind, value, maxSameKeys)
	if err != nil {
		return nil, fmt.Errorf("find key %s=%s: %w", kind, value, err)
	}
	return found, nil
}
