package wire

import "github.com/jcallgraph/jcallgraph/callgraph"

// Sink takes what frames hold: spans, or an interval.
type Sink interface {
	// Span takes one span, which is valid until it returns.
	Span(s *Span)
	// Interval takes one, which then belongs to the sink.
	Interval(i callgraph.Interval)
}

// Decoder decodes one stream. It is not safe for concurrent use.
type Decoder struct {
	m               *model
	number          uint64 // of the last frame
	err             *Error
	span            Span
	decoded, resets uint64
	taken           int // spans of the last frame
}

// NewDecoder begins a stream, with an epoch.
func NewDecoder() *Decoder { return &Decoder{} }

// Decoded is how many bytes the last frame decoded to, as SPEC.md counts them.
func (d *Decoder) Decoded() uint64 { return d.decoded }

// Spans is how many spans the last frame had.
func (d *Decoder) Spans() int { return d.taken }

// Resets is how many epochs began.
func (d *Decoder) Resets() uint64 { return d.resets }

// StateSize estimates the bytes of heap that the stream holds.
func (d *Decoder) StateSize() int { return d.m.size() }

// Decode gives a frame's spans to the sink. An error is an *Error and final:
// the sink may have got some of the frame's spans.
func (d *Decoder) Decode(frame []byte, to Sink) error {
	d.decoded, d.taken = 0, 0
	if d.err == nil {
		d.err = d.decode(frame, to)
	}
	if d.err != nil {
		d.m = nil
		return d.err
	}
	return nil
}

func (d *Decoder) decode(frame []byte, to Sink) *Error {
	h, err := parse(frame)
	if err != nil {
		return err
	}
	switch {
	case h.reset && h.number > d.number:
		d.m, d.span = newModel(), Span{} // nothing of the last epoch is held
		d.resets++
	case d.m == nil || h.number != d.number+1:
		return &Error{CodeSequence, "frame is not the next one"}
	}
	d.number = h.number
	d.m.beginDecoding(h.coded, h.raw)
	d.m.decoded = 0
	if h.kind == kindInterval {
		err = d.interval(to)
	} else {
		err = d.spans(h.spans, to)
	}
	d.decoded = d.m.decoded
	d.leave()
	if h.reset && h.kind == kindSpans && h.spans == 0 {
		d.m, d.span = nil, Span{} // it rests: the next frame begins an epoch
	}
	return err
}

// leave lets go of what belongs to the frame.
func (d *Decoder) leave() {
	d.m.leave()
	parts := d.span.Parts[:0]
	if cap(parts) > maxOpen {
		parts = nil
	}
	clear(parts[:cap(parts)])
	d.span = Span{Parts: parts}
}

func (d *Decoder) interval(to Sink) *Error {
	var i callgraph.Interval
	d.m.interval(&i)
	if d.m.failed() {
		return d.m.err
	}
	to.Interval(i)
	return nil
}

func (d *Decoder) spans(n uint64, to Sink) *Error {
	m := d.m
	var g group
	for m.flag(&m.moreGroups, false) {
		m.beginGroup(&g, [16]byte{})
		for more := true; more; more = m.flag(&g.last.more, false) {
			if n == 0 {
				m.fail(CodeMalformed, "more spans than the header says")
			}
			if m.failed() {
				return m.err
			}
			n--
			m.vars = m.vars[:0]
			m.span(&g, &d.span)
			if m.failed() {
				return m.err
			}
			d.taken++
			to.Span(&d.span)
		}
	}
	if n != 0 {
		m.fail(CodeMalformed, "fewer spans than the header says")
	}
	if m.failed() {
		return m.err
	}
	return nil
}
