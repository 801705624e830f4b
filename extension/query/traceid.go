package query

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// maxSameShortID is how many chains of one short ID are answered.
const maxSameShortID = 20

// anyTime is for look-ups that name no window.
var anyTime = callgraph.Window{From: time.Unix(0, 0), To: lastInstant}

// parseTraceID reads up to 32 hex digits; leading zeros may be left out.
func parseTraceID(s string) (id pcommon.TraceID, err error) {
	if len(s) == 0 || len(s) > 32 {
		return id, errTraceID(s)
	}
	b, err := hex.DecodeString(strings.Repeat("0", 32-len(s)) + s)
	if err != nil || [16]byte(b) == id {
		return id, errTraceID(s)
	}
	return pcommon.TraceID(b), nil
}

func errTraceID(s string) error {
	return &ParameterError{"traceID", s, "must be 8 hex digits of a short ID or up to 32 of a trace ID, not all zero"}
}

// traces returns the traces that an ID names, at least one, newest first: eight
// digits are a short ID, which several may have, else a trace ID whose leading
// zeros were left out.
func (s *Server) traces(ctx context.Context, text string, w callgraph.Window, limit int) ([]ptrace.Traces, error) {
	if short, err := callgraph.ParseShortID(text); err == nil {
		found, err := s.byShortID(ctx, short, w, limit)
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	id, err := parseTraceID(text)
	if err != nil {
		return nil, err
	}
	td, err := s.options.Backend.Trace(ctx, id)
	if err == nil && td.SpanCount() == 0 {
		err = storage.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("trace %s: %w", text, err)
	}
	return []ptrace.Traces{td}, nil
}

func (s *Server) byShortID(ctx context.Context, short callgraph.ShortID, w callgraph.Window, limit int) ([]ptrace.Traces, error) {
	ids, err := s.options.Backend.ByShortID(ctx, short, w)
	if err != nil {
		return nil, fmt.Errorf("short ID %s: %w", short, err)
	}
	return s.read(ctx, ids[:min(limit, len(ids))])
}

// read returns the traces that are still stored, up to the first with which
// they have MaxSpans or more.
func (s *Server) read(ctx context.Context, ids []pcommon.TraceID) (found []ptrace.Traces, err error) {
	room := s.options.MaxSpans
	for _, id := range ids {
		td, err := s.options.Backend.Trace(ctx, id)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			continue // its retention ended meanwhile
		case err != nil:
			return nil, fmt.Errorf("trace %s: %w", id, err)
		case td.SpanCount() == 0:
			continue
		}
		found = append(found, td)
		if room -= td.SpanCount(); room <= 0 {
			break
		}
	}
	return found, nil
}
