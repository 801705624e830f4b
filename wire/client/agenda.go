package client

import "time"

// step is what a stream does next.
type step uint8

const (
	toWait step = iota
	toSend
	toRest
	toLeave
)

// agenda decides what a stream does next, and when it looks again.
type agenda struct {
	leaveAt time.Time     // zero: never
	idle    time.Duration // below 0: never
	last    time.Time     // a frame was sent
	resting bool          // it let go of everything
	over    bool          // the receiver said something that ends the stream
}

// newAgenda begins with nothing learned.
func newAgenda(now time.Time, o Options) agenda {
	a := agenda{idle: o.Idle, last: now, resting: true}
	if o.MaxAge > 0 {
		a.leaveAt = now.Add(o.MaxAge - o.MaxAge/10 + jitter(o.MaxAge/5))
	}
	return a
}

func (a *agenda) next(now time.Time, l *ledger, closing bool) (do step, until time.Time) {
	switch {
	case a.over:
		return toWait, time.Time{}
	case closing && l.requests == 0, passed(a.leaveAt, now):
		return toLeave, now
	case l.waiting() && now.Before(l.hold.until):
		return toWait, sooner(l.hold.until, a.leaveAt)
	case l.waiting() && len(l.frames) < maxUnanswered:
		return toSend, now
	case l.waiting() || a.resting || a.idle < 0:
		return toWait, a.leaveAt
	case passed(a.last.Add(a.idle), now):
		return toRest, now
	}
	return toWait, sooner(a.last.Add(a.idle), a.leaveAt)
}

// sent says that a frame went out, which may be one that lets go of everything.
func (a *agenda) sent(now time.Time, rest bool) { a.last, a.resting = now, rest }

func passed(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// sooner is the earlier of two times, of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
