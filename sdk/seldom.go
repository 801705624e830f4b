package sdk

import (
	"sync"
	"time"
)

// seldom tells f of an error at most once in that time: a receiver that takes no
// metrics refuses counts every second.
func seldom(every time.Duration, f func(error)) func(error) {
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
