package query

import (
	"bytes"
	"fmt"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// otlpTrace is Jaeger's third API: the trace as OTLP, every field as stored. Of
// several with a short ID it is the newest.
func (s *Server) otlpTrace(r *http.Request) (any, error) {
	found, err := s.traces(r.Context(), r.PathValue("id"), anyTime, 1)
	if err != nil {
		return nil, err
	}
	var marshaler ptrace.JSONMarshaler
	text, err := marshaler.MarshalTraces(found[0])
	if err != nil {
		return nil, fmt.Errorf("encode trace as OTLP: %w", err)
	}
	// The marshaler copies strings as they are; JSON must be UTF-8.
	text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	return encoded(fmt.Appendf(nil, `{"result":%s}`, text)), nil
}
