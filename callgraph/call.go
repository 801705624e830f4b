package callgraph

import "time"

// Half is a call as one of its sides saw it. The zero value is a half that
// was not seen.
type Half struct {
	Seen     bool
	Outcome  Outcome
	Duration time.Duration
	// Counted halves were counted by their SDK (jcg.counted): they name the
	// call but must not be counted again.
	Counted bool
}

// Call is a client (or producer) span with the server (or consumer) span that
// it caused; either half may be missing.
type Call struct {
	Edge   Edge
	End    time.Time // of the client half where it was seen, else of the server half
	Client Half
	Server Half
	// Site is where the caller's service makes the call (SiteIDOf), told where its
	// SDK counted the client half, which does not name the callee, and no SDK
	// counted the server half; else 0.
	Site StaticID
	// Queue is the time a message waited between producer and consumer.
	Queue time.Duration
	// Weight is how many calls this one stands for (adjusted count); the zero
	// value counts nothing.
	Weight float64
	// WeightUnknown marks a weight of 1 that was assumed: the span was sampled
	// and does not say how.
	WeightUnknown bool
	// Arrival is when the later of its spans came in.
	Arrival time.Time
	// Provisional calls may still be taken back: their server half was awaited
	// in vain, but their bucket is not final.
	Provisional bool
	// Retracted takes an earlier, otherwise equal call back.
	Retracted bool
}

// Counted is the edge under which what is not counted yet of the call is to be
// counted. A server half whose client half an SDK counted refers to it, as that
// of an SDK would: readers join the two, and learn who is called there.
func (c *Call) Counted() Edge {
	e := c.Edge
	if c.Site != 0 {
		e.Caller = Reference{Caller: StaticIDOf(e.Caller), Site: c.Site}.Operation()
	}
	return e
}

// Outcome is that of the half which gives the call: the client's where the
// caller was seen, else the server's.
func (c Call) Outcome() Outcome {
	if c.Client.Seen {
		return c.Client.Outcome
	}
	return c.Server.Outcome
}
