package otlpdump

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// jsonFraming: JSON values one after the other, on lines of their own or not.
type jsonFraming struct {
	limit *limitedReader
	dec   *json.Decoder
	raw   json.RawMessage
}

func newJSONFraming(r *bufio.Reader) *jsonFraming {
	limit := &limitedReader{r: r}
	return &jsonFraming{limit: limit, dec: json.NewDecoder(limit)}
}

func (f *jsonFraming) next() (ptrace.Traces, error) {
	f.limit.left = MaxRecord
	f.raw = f.raw[:0]
	if err := f.dec.Decode(&f.raw); err != nil {
		return ptrace.Traces{}, decodeError(err)
	}
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(f.raw)
	if err != nil {
		return ptrace.Traces{}, fmt.Errorf("decode %d bytes of JSON: %w", len(f.raw), truncated(err))
	}
	if td.ResourceSpans().Len() == 0 && !emptyTraces(f.raw) {
		return ptrace.Traces{}, fmt.Errorf("JSON without resourceSpans: %.80q", f.raw)
	}
	return td, nil
}

func decodeError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, ErrTooLarge) {
		return err
	}
	return fmt.Errorf("read JSON: %w", err)
}

// emptyTraces tells a record of no spans from JSON of another kind, which
// decodes to no spans too.
func emptyTraces(raw []byte) bool {
	return bytes.Contains(raw, []byte("esourceSpans")) || bytes.Contains(raw, []byte("resource_spans")) ||
		len(bytes.Trim(raw, jsonSpace+"{}")) == 0
}

// limitedReader fails once a record has asked for more than is left.
type limitedReader struct {
	r    io.Reader
	left int
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, ErrTooLarge
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
