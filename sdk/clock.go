package sdk

import (
	"sync/atomic"
	"time"
)

// clock reads the monotonic clock alone, which costs half of time.Now. What it
// reads is nanoseconds since its epoch; offset makes Unix time of them and
// follows the wall clock when that was set, or the machine slept.
type clock struct {
	epoch  time.Time
	offset atomic.Int64
}

// maxDrift is how far the two clocks may part before offset follows: below it
// the times of one trace stay as even as the monotonic clock.
const maxDrift = 5 * time.Millisecond

func (c *clock) start() {
	c.epoch = time.Now()
	c.offset.Store(c.epoch.UnixNano())
}

func (c *clock) now() int64 { return int64(time.Since(c.epoch)) }

// wall is Unix nanoseconds of what now read.
func (c *clock) wall(t int64) int64 { return t + c.offset.Load() }

// follow is to be called now and then.
func (c *clock) follow() {
	now := time.Now()
	offset := now.UnixNano() - int64(now.Sub(c.epoch))
	if drift := time.Duration(offset - c.offset.Load()); drift > maxDrift || drift < -maxDrift {
		c.offset.Store(offset)
	}
}

// start and end are the span's times in Unix nanoseconds; the caller holds mu,
// or the span has ended.
func (s *span) start() int64 {
	if s.flags&flagWallStart != 0 {
		return s.started
	}
	return s.provider.clock.wall(s.started)
}

func (s *span) end() int64 {
	if s.flags&flagWallEnd != 0 {
		return s.ended
	}
	return s.provider.clock.wall(s.ended)
}

// duration is how long the ended span took.
func (s *span) duration() time.Duration {
	if s.flags&(flagWallStart|flagWallEnd) == 0 {
		return time.Duration(s.ended - s.started)
	}
	return time.Duration(s.end() - s.start())
}
