package replay

import (
	"errors"
	"sync"
	"time"
)

// ErrGone says that a run ended because nobody answered any more.
var ErrGone = errors.New("the collector takes nothing any more: the rest was not tried")

// leastOutage is how long an outage is borne where requests are repeated less.
const leastOutage = 10 * time.Second

// outage tells a collector that is gone from one that only some requests do not
// please: two were given up and none was answered since, for as long as one
// request is repeated.
type outage struct {
	limit time.Duration

	mu       sync.Mutex
	answered time.Time
	gaveUp   int // since then
}

func newOutage(retry time.Duration) *outage {
	return &outage{limit: max(retry, leastOutage), answered: time.Now()}
}

// answer ends an outage.
func (o *outage) answer() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answered, o.gaveUp = time.Now(), 0
}

// giveUp reports whether the collector is gone.
func (o *outage) giveUp() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gaveUp++
	return o.gaveUp > 1 && time.Since(o.answered) >= o.limit
}
