package wirebench

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// Codec is a way to send traces.
type Codec struct {
	Name string
	// Open opens both ends of a stream.
	Open func() (Encoder, Decoder, error)
}

// Encoder makes messages of a batch. They are valid until the next call.
type Encoder func(ptrace.Traces) ([][]byte, error)

// Decoder makes the batch of a message.
type Decoder func([]byte) (ptrace.Traces, error)

// own are the codecs that need no further modules; OTLP first, since the others
// are compared with it.
func own() []Codec {
	return []Codec{
		{"otlp", plain},
		{"compact", compact},
		{"copyto", copyTo},
		{"otlp_gzip", gzipped},
		{"otlp_zstd", zstdBatch},
		{"otlp_zstd_long", zstdLong},
	}
}

func namesOf(codecs []Codec) (names []string) {
	for _, c := range codecs {
		names = append(names, c.Name)
	}
	return names
}

func compact() (Encoder, Decoder, error) {
	e, d := wirepdata.NewEncoder(), wirepdata.NewDecoder()
	return func(td ptrace.Traces) ([][]byte, error) {
			frames, err := e.Encode(td)
			messages := make([][]byte, len(frames))
			for i := range frames {
				messages[i] = frames[i].Bytes
			}
			return messages, err
		}, func(frame []byte) (ptrace.Traces, error) {
			back, err := d.Decode(frame)
			return back.Traces, err
		}, nil
}

var (
	marshaler   ptrace.ProtoMarshaler
	unmarshaler ptrace.ProtoUnmarshaler
)

func plain() (Encoder, Decoder, error) {
	return packed(func(b []byte) ([]byte, error) { return b, nil }), unmarshaler.UnmarshalTraces, nil
}

func packed(pack func([]byte) ([]byte, error)) Encoder {
	return func(td ptrace.Traces) ([][]byte, error) {
		b, err := marshaler.MarshalTraces(td)
		if err == nil {
			b, err = pack(b)
		}
		return [][]byte{b}, err
	}
}

func unpacked(unpack func([]byte) ([]byte, error)) Decoder {
	return func(b []byte) (ptrace.Traces, error) {
		b, err := unpack(b)
		if err != nil {
			return ptrace.Traces{}, err
		}
		return unmarshaler.UnmarshalTraces(b)
	}
}

func gzipped() (Encoder, Decoder, error) {
	w := gzip.NewWriter(io.Discard)
	var r gzip.Reader
	return packed(func(b []byte) ([]byte, error) {
			var out bytes.Buffer
			w.Reset(&out)
			if _, err := w.Write(b); err != nil {
				return nil, err
			}
			err := w.Close()
			return out.Bytes(), err
		}), unpacked(func(b []byte) ([]byte, error) {
			if err := r.Reset(bytes.NewReader(b)); err != nil {
				return nil, err
			}
			return io.ReadAll(&r)
		}), nil
}

func zstdBatch() (Encoder, Decoder, error) {
	w, err1 := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	r, err2 := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	for _, err := range []error{err1, err2} {
		if err != nil {
			return nil, nil, fmt.Errorf("open zstd: %w", err)
		}
	}
	return packed(func(b []byte) ([]byte, error) { return w.EncodeAll(b, nil), nil }),
		unpacked(func(b []byte) ([]byte, error) { return r.DecodeAll(b, nil) }), nil
}

// zstdLong has one context for the stream, flushed after each batch.
func zstdLong() (Encoder, Decoder, error) {
	var sent bytes.Buffer
	w, err := zstd.NewWriter(&sent, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, nil, fmt.Errorf("open zstd: %w", err)
	}
	var sizes []int
	var got Feed
	r, err := zstd.NewReader(&got, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, nil, fmt.Errorf("open zstd: %w", err)
	}
	return packed(func(b []byte) ([]byte, error) {
			sizes = append(sizes, len(b))
			sent.Reset()
			if _, err := w.Write(b); err != nil {
				return nil, err
			}
			err := w.Flush()
			return bytes.Clone(sent.Bytes()), err
		}), unpacked(func(b []byte) ([]byte, error) {
			got.Sent(b)
			plain := make([]byte, sizes[0])
			sizes = sizes[1:]
			_, err := io.ReadFull(r, plain)
			return plain, err
		}), nil
}

// Feed is a stream that grows; it shows no more than Read, or zstd would take it
// for a whole one.
type Feed struct{ sent bytes.Buffer }

// Sent appends what came.
func (f *Feed) Sent(b []byte) { f.sent.Write(b) }

// Read reads what came.
func (f *Feed) Read(b []byte) (int, error) { return f.sent.Read(b) }

// copyTo copies: what a decoder into pdata can hardly beat.
func copyTo() (Encoder, Decoder, error) {
	var batches []ptrace.Traces
	return func(td ptrace.Traces) ([][]byte, error) {
			batches = append(batches, td)
			return [][]byte{nil}, nil
		}, func([]byte) (ptrace.Traces, error) {
			td := ptrace.NewTraces()
			batches[0].CopyTo(td)
			batches = batches[1:]
			return td, nil
		}, nil
}
