package wire

import (
	"encoding/binary"
	"hash/crc32"
)

// Version is the first byte of every frame.
const Version = 1

// Kinds of frames, the second byte.
const (
	kindSpans    = 1
	kindInterval = 2
)

const flagReset = 1 // the frame begins an epoch

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const checksumSize = 4

// header is what a frame of spans begins with.
type header struct {
	kind       byte
	number     uint64
	reset      bool
	spans      uint64
	coded, raw []byte
}

// open checks what every frame has, and cuts it off.
func open(frame []byte) (kind byte, body []byte, err *Error) {
	switch {
	case len(frame) > MaxFrame:
		return 0, nil, &Error{CodeLimit, "frame is too large"}
	case len(frame) < 2+checksumSize:
		return 0, nil, &Error{CodeTruncated, "frame is too short"}
	case frame[0] != Version:
		return 0, nil, &Error{CodeVersion, "version of the frame is not known"}
	}
	body, sum := frame[:len(frame)-checksumSize], frame[len(frame)-checksumSize:]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(sum) {
		return 0, nil, &Error{CodeChecksum, "frame is not what was sent"}
	}
	return frame[1], body[2:], nil
}

func parse(frame []byte) (h header, err *Error) {
	kind, body, err := open(frame)
	if err != nil {
		return h, err
	}
	if kind != kindSpans && kind != kindInterval {
		return h, &Error{CodeVersion, "kind of the frame is not known"}
	}
	h, err = parseBody(body)
	h.kind = kind
	return h, err
}

func parseBody(b []byte) (h header, err *Error) {
	truncated := &Error{CodeTruncated, "frame ends within its header"}
	var n int
	if h.number, n = binary.Uvarint(b); n <= 0 || n >= len(b) {
		return h, truncated
	}
	flags := b[n]
	b = b[n+1:]
	if flags&^flagReset != 0 {
		return h, &Error{CodeMalformed, "unknown flags"}
	}
	h.reset = flags&flagReset != 0
	if h.spans, n = binary.Uvarint(b); n <= 0 {
		return h, truncated
	}
	b = b[n:]
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return h, truncated
	}
	if h.spans > MaxSpans {
		return h, &Error{CodeLimit, "too many spans"}
	}
	h.coded, h.raw = b[n:][:size], b[n:][size:]
	return h, nil
}
