package wire

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"
)

// Answer is what became of a frame.
type Answer uint8

// The answers of version 1, as kinds of control frames. A peer ignores kinds
// from Stored on that it does not know.
const (
	// Stored says that the frame is durable, as are all before it that were not
	// answered yet.
	Stored Answer = iota + firstAnswer
	// Refused says that it can't be read: the stream is over.
	Refused
	// Later says that it was read and could not be stored now: its spans are to
	// come again in another frame.
	Later
	// Rejected says that it was read and will never be stored.
	Rejected
)

const (
	firstAnswer = 16
	lastAnswer  = Rejected
)

// maxWhy is how many bytes of an answer's text are sent.
const maxWhy = 512

// maxWait bounds what a receiver may ask for.
const maxWait = 10 * time.Minute

// Control is a frame from a decoder's side to the encoder's: the answer to a
// frame.
type Control struct {
	Answer Answer
	Number uint64        // of the frame
	Code   Code          // of Refused
	Wait   time.Duration // of Later, in milliseconds: no sooner
	Why    string        // of Refused and Rejected, for people
}

// Append appends the frame.
func (c Control) Append(to []byte) []byte {
	from := len(to)
	to = binary.AppendUvarint(append(to, Version, byte(c.Answer)), c.Number)
	switch c.Answer {
	case Refused:
		to = append(append(to, byte(c.Code)), c.why()...)
	case Later:
		to = binary.AppendUvarint(to, uint64(c.Wait.Milliseconds()))
	case Rejected:
		to = append(to, c.why()...)
	case Stored:
	}
	return binary.LittleEndian.AppendUint32(to, crc32.Checksum(to[from:], castagnoli))
}

func (c Control) why() string { return c.Why[:min(len(c.Why), maxWhy)] }

// ParseControl reads a control frame; false says that it is of a kind to be
// ignored.
func ParseControl(frame []byte) (c Control, known bool, err error) {
	kind, body, refused := open(frame)
	if refused != nil {
		return c, false, refused
	}
	if c.Answer = Answer(kind); c.Answer < firstAnswer {
		return c, false, &Error{CodeVersion, "not a control frame"}
	}
	if c.Answer > lastAnswer {
		return c, false, nil
	}
	number, n := binary.Uvarint(body)
	if n <= 0 || !c.parse(body[n:]) {
		return c, false, &Error{CodeTruncated, "control frame ends too early"}
	}
	c.Number = number
	return c, true, nil
}

// parse reads what follows the number, false where it is too short.
func (c *Control) parse(b []byte) bool {
	switch c.Answer {
	case Refused:
		if len(b) == 0 {
			return false
		}
		c.Code, c.Why = Code(b[0]), string(b[1:])
	case Later:
		ms, n := binary.Uvarint(b)
		c.Wait = min(time.Duration(min(ms, math.MaxInt32))*time.Millisecond, maxWait)
		return n > 0
	case Rejected:
		c.Why = string(b)
	case Stored:
	}
	return true
}
