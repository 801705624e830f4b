package wire

// Header is what a frame of spans, or of an interval, says of itself.
type Header struct {
	Interval   bool
	Number     uint64
	Reset      bool // an epoch begins with it
	Spans      int
	Coded, Raw int // bytes of the two sections
}

// ParseHeader reads the header of a frame that is whole; an error is an *Error.
func ParseHeader(frame []byte) (Header, error) {
	h, err := parse(frame)
	if err != nil {
		return Header{}, err
	}
	return Header{h.kind == kindInterval, h.number, h.reset, int(h.spans), len(h.coded), len(h.raw)}, nil
}

// IsControl reports whether ParseControl is for the frame: it goes from a
// decoder to an encoder.
func IsControl(frame []byte) bool { return len(frame) > 1 && frame[1] >= firstAnswer }
