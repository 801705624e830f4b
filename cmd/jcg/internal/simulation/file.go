package simulation

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/simulate"
)

// Written is what a file got.
type Written struct {
	Spans, Records int
	Bytes          int64
}

// WriteFile writes records as jcg replay reads them: as lines of OTLP JSON where
// the name ends in .json or .jsonl, else as OTLP protobuf, each record with its
// length before it as a varint.
func WriteFile(name string, records iter.Seq2[ptrace.Traces, error]) (w Written, err error) {
	file, err := os.Create(name)
	if err != nil {
		return w, fmt.Errorf("create file of traces: %w", err)
	}
	out := bufio.NewWriter(file)
	defer func() { err = errors.Join(err, out.Flush(), file.Close()) }()
	encode := appendProtobuf
	if ext := filepath.Ext(name); ext == ".json" || ext == ".jsonl" {
		encode = appendLine
	}
	for td, err := range records {
		if err != nil {
			return w, err
		}
		if err := w.write(out, encode, td); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w *Written) write(out io.Writer, encode func(ptrace.Traces) ([]byte, error), td ptrace.Traces) error {
	b, err := encode(td)
	if err != nil {
		return fmt.Errorf("encode %d spans: %w", td.SpanCount(), err)
	}
	w.Spans, w.Records, w.Bytes = w.Spans+td.SpanCount(), w.Records+1, w.Bytes+int64(len(b))
	if _, err := out.Write(b); err != nil {
		return fmt.Errorf("write traces: %w", err)
	}
	return nil
}

func appendProtobuf(td ptrace.Traces) ([]byte, error) {
	b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	return append(binary.AppendUvarint(nil, uint64(len(b))), b...), err
}

func appendLine(td ptrace.Traces) ([]byte, error) {
	b, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	return append(b, '\n'), err
}

// WriteTruth writes what the system knows, as JSON.
func WriteTruth(name string, t simulate.Truth) error {
	b, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return fmt.Errorf("encode truth: %w", err)
	}
	if err := os.WriteFile(name, append(b, '\n'), 0o644); err != nil { //nolint:gosec // anybody may read it
		return fmt.Errorf("write truth: %w", err)
	}
	return nil
}
