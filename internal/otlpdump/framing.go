package otlpdump

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// resourceSpansTag is the only field of TracesData: number 1, length-delimited.
// Every protobuf record that is not empty begins with it.
const resourceSpansTag = 0x0a

var (
	errUnknown = errors.New("neither OTLP JSON (one document or one a line) nor OTLP protobuf " +
		"(plain, or with a big-endian uint32 or a varint length before each record)")
	utf8BOM = []byte{0xef, 0xbb, 0xbf}
)

// frame tells by the first bytes how records are framed:
//   - "{", white space, then a quote and text, or "}": JSON.
//   - 0x0a: TracesData without a length. (As a varint it would be the length of
//     a record too short for a span, as a uint32 more than MaxRecord.)
//   - less than 0x0a: a uint32 of at most MaxRecord. (As a varint, too short
//     again.)
//   - else a varint of at most MaxRecord with resourceSpansTag after it.
func frame(r *bufio.Reader) (framing, error) {
	if bom, _ := r.Peek(len(utf8BOM)); bytes.Equal(bom, utf8BOM) {
		_, _ = r.Discard(len(utf8BOM)) // it was peeked: it is there
	}
	head, err := r.Peek(bufferSize)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read the first bytes: %w", err)
	}
	protobuf := protobufFraming{r: r}
	switch {
	case len(bytes.TrimLeft(head, jsonSpace)) == 0:
		return nothing{}, nil
	case beginsJSON(head):
		return newJSONFraming(r), nil
	case head[0] == resourceSpansTag:
		return &fieldFraming{protobuf}, nil
	case head[0] < resourceSpansTag && len(head) >= 4 && binary.BigEndian.Uint32(head) <= MaxRecord:
		return &uint32Framing{protobuf}, nil
	case beginsVarint(head):
		return &varintFraming{protobuf}, nil
	}
	return nil, fmt.Errorf("begins with %q: %w", head[:min(len(head), 8)], errUnknown)
}

const jsonSpace = " \t\r\n"

// beginsJSON looks past white space. A varint length of 123 is a brace too, but
// the text of a JSON string has no control characters, and tags of small
// fields are nothing else.
func beginsJSON(head []byte) bool {
	inside, ok := bytes.CutPrefix(bytes.TrimLeft(head, jsonSpace), []byte("{"))
	inside = bytes.TrimLeft(inside, jsonSpace)
	switch {
	case !ok || len(inside) == 0:
		return false
	case inside[0] == '}':
		return true
	}
	return inside[0] == '"' && len(inside) > 1 && inside[1] >= ' '
}

func beginsVarint(head []byte) bool {
	length, n := binary.Uvarint(head)
	return n > 0 && length <= MaxRecord && n < len(head) && head[n] == resourceSpansTag
}

// grow reads n bytes into buf, without trusting n: memory grows as bytes come.
func grow(r io.Reader, buf []byte, n int) ([]byte, error) {
	const step = 1 << 20
	for n > 0 {
		part := min(n, step)
		buf = slices.Grow(buf, part)
		tail := buf[len(buf) : len(buf)+part]
		if _, err := io.ReadFull(r, tail); err != nil {
			return nil, truncated(err)
		}
		buf = buf[:len(buf)+part]
		n -= part
	}
	return buf, nil
}

// truncated is err, but no end within a record is io.EOF.
func truncated(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
