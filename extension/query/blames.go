package query

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	maxBlames = 4096
	// A chain that ended so long ago rarely gets more spans.
	quietAfter = 15 * time.Second
	// blamesLast is how long the origins of a quiet chain hold all the same; those
	// of one that is old hold longer.
	blamesLast    = time.Minute
	oldAfter      = 2 * time.Minute
	oldBlamesLast = 15 * time.Minute
)

// blames remembers chains whose origins were found, since pages that follow
// failures ask for the same chains every few seconds.
type blames struct {
	chains *lru.Cache[pcommon.TraceID, remembered]
}

type remembered struct {
	*blamed
	until time.Time
}

func newBlames() blames {
	chains, err := lru.New[pcommon.TraceID, remembered](maxBlames)
	if err != nil {
		panic(err) // the size is a constant above 0
	}
	return blames{chains}
}

func (b blames) get(id pcommon.TraceID, now time.Time) *blamed {
	if r, known := b.chains.Get(id); known && now.Before(r.until) {
		return r.blamed
	}
	return nil
}

// put remembers a chain that has come to rest.
func (b blames) put(c *blamed, end, now time.Time) {
	switch age := now.Sub(end); {
	case age >= oldAfter:
		b.chains.Add(c.id, remembered{c, now.Add(oldBlamesLast)})
	case age >= quietAfter:
		b.chains.Add(c.id, remembered{c, now.Add(blamesLast)})
	}
}
