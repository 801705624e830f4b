package framefile

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// Written is what a file got.
type Written struct {
	Spans, Frames int
	Bytes         int64
	// Refused spans are larger than a frame may be, and were left out.
	Refused int
}

// Write encodes records as one stream, in batches of so many spans.
func Write(name string, records iter.Seq2[ptrace.Traces, error], batch int) (w Written, err error) {
	file, err := os.Create(name)
	if err != nil {
		return w, fmt.Errorf("create file of frames: %w", err)
	}
	out := bufio.NewWriter(file)
	defer func() { err = errors.Join(err, out.Flush(), file.Close()) }()
	add := appendBinary
	if isHex(name) {
		add = appendHex
	}
	e := wirepdata.NewEncoder()
	for td, err := range batches(records, batch) {
		if err != nil {
			return w, err
		}
		if err := w.write(out, add, e, td); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w *Written) write(out io.Writer, add func(to, frame []byte) []byte, e *wirepdata.Encoder, td ptrace.Traces) error {
	frames, err := e.Encode(td)
	var refused *wire.RefusedError
	if errors.As(err, &refused) {
		w.Refused += len(refused.Spans)
	} else if err != nil {
		return fmt.Errorf("encode %d spans: %w", td.SpanCount(), err)
	}
	for _, f := range frames {
		w.Frames++
		w.Spans += len(f.Spans)
		w.Bytes += int64(len(f.Bytes))
		if _, err := out.Write(add(nil, f.Bytes)); err != nil {
			return fmt.Errorf("write frames: %w", err)
		}
	}
	return nil
}

func appendBinary(to, frame []byte) []byte {
	return append(binary.AppendUvarint(to, uint64(len(frame))), frame...)
}

func appendHex(to, frame []byte) []byte { return append(hex.AppendEncode(to, frame), '\n') }
