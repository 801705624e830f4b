package simulate

import (
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// service is a service and the processes that run it.
type service struct {
	callgraph.Service
	stock     bool
	processes []int32
}

// operation is what a service does when it is called, and how it is called.
type operation struct {
	service    int32
	entrance   int32 // its number; -1 for those that others call
	connection callgraph.Connection
	name       string // of its entry span
	exit       string // of the exit span that calls it
	target     string // path, RPC method or topic, for attributes
	layer      int
	groups     []group
	steps      int
	work       latency // between groups
	ownFaults  float64 // how often its own code fails
	secondKind float64 // how many of the requests are of a second kind, with steps of its own
	relays     bool    // a timeout below becomes one of its own
}

// group is steps that begin at once; the next group begins when all have ended
// that are not asynchronous.
type group struct {
	steps    []step
	within   string // the name of an internal span around them, or empty
	failFast bool   // the first failure that stops the plan cancels what runs beside it
}

// step is a call that an operation makes, and what it does when that fails.
type step struct {
	site        int32
	index       uint8 // within the operation
	callee      int32 // operation; -1: a peer without spans
	peer        int32 // its number: a peer that is down is so for all that call it
	kinds       uint8 // of requests that have the step, as bits; bothKinds as a rule
	wrapped     bool  // an exit span of a client library lies around each call's own
	probability float64
	times       uint8 // calls, one after the other unless fanned
	fanned      bool
	async       bool
	network     latency // one way; of a peer without spans: the whole call
	patience    int64   // nanoseconds until the caller waits no longer
	retries     uint8
	persistence float64 // how often a repeated attempt fails as the one before
	faults      []fault // by rising sum
	policies    [strength.Classes]policy
	fallback    *step // asked after a failure, by what the policies say if it fails, too
	degrades    bool  // an answer with this fallback's is marked as a business failure
}

const bothKinds = 3

// inTurn is how many calls the step makes one after the other.
func (s *step) inTurn() int {
	if s.fanned {
		return 1
	}
	return int(s.times)
}

// fault is a way to fail; sum is how often it or one before it happens.
type fault struct {
	ending ending
	sum    float64
}

// policy is what the caller does when a call failed for good.
type policy struct {
	goesOn     float64 // how often the rest of the plan is run
	skips      uint64  // steps, by index, that are left out then
	failsLater float64 // how often the caller fails in the end although it went on
	answer     ending  // of a caller that did not go on
}

// site is a call site with its caller and what happened there.
type site struct {
	strength.Site
	operation int32
	step      *step
	fallback  bool
	made      uint64 // calls: attempts, live ones
	failures  [strength.Classes]uint64
}

// System is services, their plans, and what was counted of its chains. It is
// not safe for concurrent use.
type System struct {
	Options
	services   []service
	operations []operation
	entrances  []int32
	sites      []site
	peers      map[string]int32 // their numbers
	chain      chain
	sdk        sdk
	post       post
	orders     orders
	tables     tables
	failures   failures
	counts     Counts
	handled    []uint64 // by operation
	index      uint64   // of the next chain
	now        int64    // its start, nanoseconds since Options.Start
	arrivals   random
}

// New makes the system that the options describe.
func New(o Options) (*System, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &System{Options: o.withDefaults()}
	draw(s)
	s.sdk = newSDK(&s.Options)
	s.post.begin(s)
	s.orders = newOrders(s)
	s.tables.begin(s)
	s.handled = make([]uint64, len(s.operations))
	s.arrivals = newRandom(s.Seed, 2)
	s.chain = chain{system: s, random: newRandom(s.Seed, 3)}
	return s, nil
}
