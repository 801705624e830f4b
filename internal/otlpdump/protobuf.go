package otlpdump

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// nothing is an empty dump.
type nothing struct{}

func (nothing) next() (ptrace.Traces, error) { return ptrace.Traces{}, io.EOF }

type protobufFraming struct {
	r   *bufio.Reader
	buf []byte
}

// record reads and decodes length bytes after the bytes that buf holds already.
func (p *protobufFraming) record(length uint64) (ptrace.Traces, error) {
	if length > MaxRecord {
		return ptrace.Traces{}, fmt.Errorf("%d bytes: %w", length, ErrTooLarge)
	}
	buf, err := grow(p.r, p.buf, int(length))
	if err != nil {
		return ptrace.Traces{}, fmt.Errorf("read %d bytes: %w", length, err)
	}
	p.buf = buf[:0]
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(buf)
	if err != nil {
		return ptrace.Traces{}, fmt.Errorf("decode %d bytes of protobuf: %w", length, truncated(err))
	}
	return td, nil
}

// uint32Framing: [big-endian uint32 length][TracesData], repeated.
type uint32Framing struct{ protobufFraming }

func (f *uint32Framing) next() (ptrace.Traces, error) {
	var length [4]byte
	if _, err := io.ReadFull(f.r, length[:]); err != nil {
		return ptrace.Traces{}, err
	}
	return f.record(uint64(binary.BigEndian.Uint32(length[:])))
}

// varintFraming: [varint length][TracesData], repeated, as protobuf's
// writeDelimitedTo does.
type varintFraming struct{ protobufFraming }

func (f *varintFraming) next() (ptrace.Traces, error) {
	length, err := binary.ReadUvarint(f.r)
	if err != nil {
		return ptrace.Traces{}, err
	}
	return f.record(length)
}

// fieldFraming: one TracesData without a length. Each of its resource spans is
// a record of its own, so that a document of any size needs little memory.
type fieldFraming struct{ protobufFraming }

func (f *fieldFraming) next() (ptrace.Traces, error) {
	tag, err := f.r.ReadByte()
	if err != nil {
		return ptrace.Traces{}, err
	}
	if tag != resourceSpansTag {
		return ptrace.Traces{}, fmt.Errorf("begins with protobuf tag %#x, want resource spans (%#x)", tag, resourceSpansTag)
	}
	length, err := binary.ReadUvarint(f.r)
	if err != nil {
		return ptrace.Traces{}, fmt.Errorf("read length: %w", truncated(err))
	}
	f.buf = binary.AppendUvarint(append(f.buf[:0], tag), length)
	return f.record(length)
}
