package query

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

type keySpans struct {
	ResourceSpans json.RawMessage `json:"resourceSpans"`
	Cursor        string          `json:"cursor"`
}

// keySpans are the spans of a page of a logical chain, as OTLP has them. A chain
// whose spans are not stored any more has none.
func (s *Server) keySpans(r *http.Request) (any, error) {
	x, err := s.keySearch(r)
	if err != nil {
		return nil, err
	}
	td, cursor, err := s.exported(r.Context(), x)
	if err != nil {
		return nil, err
	}
	spans, err := resourceSpans(td)
	return keySpans{spans, cursor}, err
}

func (s *Server) exported(ctx context.Context, x keySearch) (ptrace.Traces, string, error) {
	all, next, chains := ptrace.NewTraces(), x.after, 0
	more, err := s.eachSighting(ctx, x, func(seen sighted) (bool, error) {
		if chains == x.limit || all.SpanCount() >= s.options.MaxSpans {
			return false, nil
		}
		td, err := s.stored(ctx, seen.TraceID)
		td.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
		chains, next.place = chains+1, seen.place()
		return true, err
	})
	if err != nil || !more {
		return all, "", err
	}
	next.followed = hashes(x.network.followed)
	return all, next.String(), nil
}

// resourceSpans is OTLP's JSON of them: a list, also where it is empty.
func resourceSpans(td ptrace.Traces) (json.RawMessage, error) {
	var marshaler ptrace.JSONMarshaler
	text, err := marshaler.MarshalTraces(td)
	if err != nil {
		return nil, fmt.Errorf("encode spans as OTLP: %w", err)
	}
	var whole struct {
		ResourceSpans json.RawMessage `json:"resourceSpans"`
	}
	// The marshaler copies strings as they are; JSON must be UTF-8.
	if err := json.Unmarshal(bytes.ToValidUTF8(text, []byte("\uFFFD")), &whole); err != nil {
		return nil, fmt.Errorf("read OTLP back: %w", err)
	}
	if whole.ResourceSpans == nil {
		whole.ResourceSpans = json.RawMessage("[]")
	}
	return whole.ResourceSpans, nil
}
