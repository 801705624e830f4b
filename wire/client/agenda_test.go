package client

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAgenda(t *testing.T) {
	now := time.Unix(1000, 0)
	at := func(s int) time.Time { return now.Add(time.Duration(s) * time.Second) }
	full, one := make([]frame, maxUnanswered), []*part{{}}
	never := time.Time{}
	for name, c := range map[string]struct {
		agenda  agenda
		ledger  ledger
		closing bool
		do      step
		until   time.Time
	}{
		"something to send":     {agenda{}, ledger{queue: one}, false, toSend, now},
		"something again":       {agenda{}, ledger{again: one}, false, toSend, now},
		"put off":               {agenda{leaveAt: at(9)}, ledger{again: one, hold: hold{until: at(3)}}, false, toWait, at(3)},
		"put off beyond age":    {agenda{leaveAt: at(2)}, ledger{again: one, hold: hold{until: at(3)}}, false, toWait, at(2)},
		"put off, and over":     {agenda{}, ledger{queue: one, hold: hold{until: now}}, false, toSend, now},
		"too many unanswered":   {agenda{leaveAt: at(9), last: at(-99)}, ledger{queue: one, frames: full}, false, toWait, at(9)},
		"idle":                  {agenda{last: at(-5), idle: 5 * time.Second}, ledger{}, false, toRest, now},
		"idle soon":             {agenda{last: at(-4), idle: 5 * time.Second}, ledger{}, false, toWait, at(1)},
		"idle soon, and of age": {agenda{last: at(-1), idle: 5 * time.Second, leaveAt: at(2)}, ledger{}, false, toWait, at(2)},
		"idle as it was":        {agenda{last: at(-5), idle: 5 * time.Second, resting: true}, ledger{}, false, toWait, never},
		"never idle":            {agenda{last: at(-99), idle: -1}, ledger{}, false, toWait, never},
		"of age":                {agenda{leaveAt: now}, ledger{queue: one}, false, toLeave, now},
		"shutdown":              {agenda{}, ledger{}, true, toLeave, now},
		"shutdown, not yet":     {agenda{resting: true}, ledger{requests: 1}, true, toWait, never},
		"over":                  {agenda{over: true, leaveAt: now}, ledger{queue: one}, true, toWait, never},
	} {
		t.Run(name, func(t *testing.T) {
			do, until := c.agenda.next(now, &c.ledger, c.closing)
			require.Equal(t, c.do, do)
			require.Equal(t, c.until, until)
		})
	}
}

func TestAges(t *testing.T) {
	now := time.Unix(1000, 0)
	ages := map[bool]int{}
	for range 1000 {
		a := newAgenda(now, Options{MaxAge: time.Hour})
		require.False(t, a.leaveAt.Before(now.Add(54*time.Minute)))
		require.True(t, a.leaveAt.Before(now.Add(66*time.Minute)))
		ages[a.leaveAt.Before(now.Add(time.Hour))]++
	}
	require.Greater(t, ages[true], 300)
	require.Greater(t, ages[false], 300)
	require.Zero(t, newAgenda(now, Options{MaxAge: -1}).leaveAt)
}

func TestDefaults(t *testing.T) {
	o := Options{}.withDefaults()
	require.Equal(t, []time.Duration{30 * time.Minute, time.Minute, 30 * time.Second, 15 * time.Second}, []time.Duration{o.MaxAge, o.Idle, o.AnswerTimeout, o.MaxPause})
	o = Options{MaxAge: -1, Idle: time.Second, AnswerTimeout: 2, MaxPause: 3}.withDefaults()
	require.Equal(t, []time.Duration{-1, time.Second, 2, 3}, []time.Duration{o.MaxAge, o.Idle, o.AnswerTimeout, o.MaxPause})
}
