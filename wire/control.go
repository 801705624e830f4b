package wire

import (
	"encoding/binary"
	"hash/crc32"
)

// Kinds of control frames. A peer ignores kinds from kindAcknowledgement on
// that it does not know.
const (
	kindAcknowledgement = 16
	kindRefusal         = 17
)

// maxWhy is how many bytes of a refusal's text are sent.
const maxWhy = 512

// Control is a frame from a decoder's side to the encoder's.
type Control struct {
	// Number is of a frame: durable, as are all before it, or refused.
	Number uint64
	// Refused is why; its Code is 0 in an acknowledgement.
	Refused Error
}

// Append appends the frame.
func (c Control) Append(to []byte) []byte {
	from := len(to)
	kind := byte(kindAcknowledgement)
	if c.Refused.Code != 0 {
		kind = kindRefusal
	}
	to = binary.AppendUvarint(append(to, Version, kind), c.Number)
	if c.Refused.Code != 0 {
		to = append(append(to, byte(c.Refused.Code)), c.Refused.Why[:min(len(c.Refused.Why), maxWhy)]...)
	}
	return binary.LittleEndian.AppendUint32(to, crc32.Checksum(to[from:], castagnoli))
}

// ParseControl reads a control frame; false says that it is of a kind to be
// ignored.
func ParseControl(frame []byte) (c Control, known bool, err error) {
	kind, body, refused := open(frame)
	if refused != nil {
		return c, false, refused
	}
	if kind < kindAcknowledgement {
		return c, false, &Error{CodeVersion, "not a control frame"}
	}
	if kind > kindRefusal {
		return c, false, nil
	}
	number, n := binary.Uvarint(body)
	if n <= 0 || kind == kindRefusal && n == len(body) {
		return c, false, &Error{CodeTruncated, "control frame ends too early"}
	}
	c.Number = number
	if kind == kindRefusal {
		c.Refused = Error{Code(body[n]), string(body[n+1:])}
	}
	return c, true, nil
}
