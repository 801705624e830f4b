package client

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jcallgraph/jcallgraph/wire"
)

// maxUnanswered bounds the frames that wait for an answer.
const maxUnanswered = 1024

// ledger knows what is to be sent, and what was sent and is not settled: plain
// data, without clock and lock.
type ledger struct {
	again, queue []*part // to be sent, in this order
	frames       []frame // encoded and not answered, by number
	handed       uint64  // number of the last frame that was given to a stream
	hold         hold
	requests     int // that somebody waits for
	spans        int // of them, not settled
	count        Stats
}

// frame is what is kept of one.
type frame struct {
	number   uint64
	part     *part // nil: nothing, or nobody waits for it any more
	spans    int
	interval bool
}

func (l *ledger) add(r *request) {
	l.queue = append(l.queue, &part{of: r, n: r.open})
	l.requests++
	if r.interval == nil {
		l.spans += r.open
	}
}

// drop lets go of a request; false says that it was settled before.
func (l *ledger) drop(r *request) bool {
	if r.open == 0 {
		return false
	}
	if r.interval == nil {
		l.spans -= r.open
	}
	r.left = true
	l.requests--
	gone := func(p *part) bool { return p.of == r }
	l.again, l.queue = slices.DeleteFunc(l.again, gone), slices.DeleteFunc(l.queue, gone)
	for i := range l.frames {
		if f := &l.frames[i]; f.part != nil && gone(f.part) {
			f.part = nil
		}
	}
	return true
}

// waiting reports whether a frame could be made.
func (l *ledger) waiting() bool { return len(l.again)+len(l.queue) > 0 }

// next takes the part that is to be sent next.
func (l *ledger) next() (p *part) {
	from := &l.again
	if len(*from) == 0 {
		from = &l.queue
	}
	if len(*from) == 0 {
		return nil
	}
	p = (*from)[0]
	(*from)[0] = nil
	if *from = (*from)[1:]; len(*from) == 0 {
		*from = nil
	}
	return p
}

// encoded enters the frames that a part was encoded as, and what they leave out.
func (l *ledger) encoded(p *part, frames []wire.Frame, err error) {
	var refused *wire.RefusedError
	switch {
	case errors.As(err, &refused):
		l.tooLarge(p, refused.Spans, err.Error())
	case err != nil:
		l.lose(p, &p.of.lost.TooLarge, &l.count.TooLarge, err.Error())
	}
	if p.encoded && p.of.interval == nil {
		l.count.Resent += uint64(p.n)
	}
	for i := range frames {
		l.enter(frames[i].Number, p.in(&frames[i]))
	}
}

func (l *ledger) enter(number uint64, p *part) {
	f := frame{number: number}
	if p != nil {
		f.spans, f.interval = p.n, p.of.interval != nil
		if f.interval {
			f.spans = 0
		}
		if !p.of.left {
			f.part = p
		}
	}
	l.frames = append(l.frames, f)
}

// hand says that a frame goes out now.
func (l *ledger) hand(f *wire.Frame) {
	l.handed = f.Number
	l.count.Frames++
	l.count.Bytes += uint64(len(f.Bytes))
}

// greet takes the number that a receiver begins with: what it holds has arrived,
// all else is to be sent anew.
func (l *ledger) greet(number uint64) error {
	if number > l.handed {
		return neverSent(number)
	}
	at := 0
	for at < len(l.frames) && l.frames[at].number <= number {
		at++
	}
	l.arrived(at)
	for _, f := range l.frames {
		if f.part != nil {
			l.again = append(l.again, f.part)
		}
	}
	l.frames = nil
	return nil
}

func neverSent(number uint64) error {
	return fmt.Errorf("receiver knows of frame %d, which was not sent or is answered", number)
}

// answer takes a receiver's answer. An error ends the stream.
func (l *ledger) answer(c wire.Control, now time.Time, most time.Duration) error {
	at := slices.IndexFunc(l.frames, func(f frame) bool { return f.number == c.Number })
	if c.Answer == wire.Refused {
		return l.refuse(max(at, 0), c)
	}
	if at < 0 || c.Number > l.handed {
		return neverSent(c.Number)
	}
	if c.Answer == wire.Stored {
		l.arrived(at + 1)
		l.hold.end()
		return nil
	}
	if at > 0 {
		return fmt.Errorf("receiver answers frame %d before frame %d", c.Number, l.frames[0].number)
	}
	p := l.take(0)
	if c.Answer == wire.Later {
		l.count.Later++
		l.hold.begin(now, c.Wait, most)
		if p != nil {
			l.again = append(l.again, p)
		}
		return nil
	}
	l.reject(p, "receiver rejected it: "+c.Why)
	return nil
}

// arrived settles the first n frames.
func (l *ledger) arrived(n int) {
	for _, f := range l.frames[:n] {
		l.count.Spans += uint64(f.spans)
		if f.interval {
			l.count.Intervals++
		}
		if f.part != nil {
			l.settle(f.part.of, f.part.n)
		}
	}
	l.frames = slices.Delete(l.frames, 0, n)
}

func (l *ledger) take(at int) *part {
	p := l.frames[at].part
	l.frames = slices.Delete(l.frames, at, at+1)
	return p
}

// refuse ends the stream. A receiver that could not read a frame's number means
// the first that it has not answered.
func (l *ledger) refuse(at int, c wire.Control) error {
	why := &refusal{c}
	if l.count.Refused == nil {
		l.count.Refused = map[wire.Code]uint64{}
	}
	l.count.Refused[c.Code]++
	if len(l.frames) == 0 {
		return why
	}
	p := l.take(at)
	if p == nil {
		return why
	}
	if p.refusals++; p.refusals < 2 {
		l.again = append(l.again, p)
	} else {
		l.reject(p, why.Error())
	}
	return why
}

func (l *ledger) reject(p *part, why string) {
	if p != nil {
		l.lose(p, &p.of.lost.Rejected, &l.count.Rejected, why)
	}
}

// lose gives up all of a part.
func (l *ledger) lose(p *part, to *[]int, count *uint64, why string) {
	if p.of.left {
		return
	}
	p.of.lost.because(why)
	if p.of.interval != nil {
		p.of.lost.Interval = true
		l.count.RejectedIntervals++
	} else {
		for i := range p.n {
			*to = append(*to, p.index(i))
		}
		*count += uint64(p.n)
	}
	l.settle(p.of, p.n)
}

func (l *ledger) tooLarge(p *part, spans []int, why string) {
	if p.of.left {
		return
	}
	for _, i := range spans {
		p.of.lost.TooLarge = append(p.of.lost.TooLarge, p.index(i))
	}
	p.of.lost.because(why)
	l.count.TooLarge += uint64(len(spans))
	l.settle(p.of, len(spans))
}

// settle says that n of what a request holds is done with.
func (l *ledger) settle(r *request, n int) {
	if r.left {
		return
	}
	if r.interval == nil {
		l.spans -= n
	}
	if r.open -= n; r.open == 0 {
		l.requests--
		close(r.done)
	}
}
