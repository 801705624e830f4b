// Package seldom keeps what goes wrong again and again from being told each time.
package seldom

import (
	"sync"
	"time"
)

// Errors tells f of an error at most once in that time: a receiver that takes no
// metrics refuses counts every second, one that is away refuses each connection.
func Errors(every time.Duration, f func(error)) func(error) {
	var mu sync.Mutex
	var last time.Time
	return func(err error) {
		mu.Lock()
		quiet := !last.IsZero() && time.Since(last) < every
		if !quiet {
			last = time.Now()
		}
		mu.Unlock()
		if !quiet {
			f(err)
		}
	}
}
