package strength

import (
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Record is what one writer saw at one call site on one day. Records are
// absolute: of two with the same key the later written one holds. A writer is
// one collector's store; it goes on with its own records after a restart.
type Record struct {
	Key
	Site     Site
	Evidence Evidence
}

// Key tells records apart.
type Key struct {
	Day    int64              // days since 1970, UTC, of the local root's end; of its arrival where that is far ahead
	Site   callgraph.StaticID // Record.Site.ID()
	Writer uint64
	Source Source // Observed or Injected
}

// DayOf is the day that t lies in.
func DayOf(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

// Evidence is what was seen at a call site: sums, and a few examples. Its zero
// value is none. Only local traces that were seen whole give evidence: a lost
// span looks as if a call had not been made.
type Evidence struct {
	// OK are the head-sampled local traces in which the site's call went well:
	// what usually follows. Those kept for an error elsewhere are no fair sample.
	OK Tally
	// Failed are local traces in which it failed, by class; all of them are kept
	// by SDKs that keep failures.
	Failed [Classes]Tally
	// Prompted are local traces in which it went well after another call had
	// failed, sampled or kept for that failure: whatever the site's call then did,
	// they would be here. PromptedFailed is the part of Failed, of all classes, in
	// which another call had failed before; PromptedAlike are those of them that would
	// be in Prompted had they gone well. A soft error before keeps no local trace.
	Prompted       Tally
	PromptedFailed uint64
	PromptedAlike  uint64
	// Open are the head-sampled local traces in which a call of the site had not
	// ended when the caller did: it is not waited for. A caller that gave up waiting
	// is kept for its error, and would make all calls look so.
	Open uint64
	// Others are the sites of the same caller that ran in these local traces, by
	// rising ID.
	Others []Other
	// Chain is the same seen in whole chains, which were head-sampled and read
	// from the store when quiet: Went counts a call anywhere later in the
	// chain, Survived that the entrance did not fail.
	ChainOK     Tally
	ChainFailed [Classes]Tally
	// Calls are attempts in the local traces counted above, LocalTraces these.
	Calls, LocalTraces uint64
	// Passed says why local traces with the site gave no evidence.
	Passed [Reasons]uint64
	// Callees are who answered, as whole chains show it, and Entrances where
	// the chains began; both by rising name, few.
	Callees   []Named
	Entrances []Entrance
	Examples  []Example // newest first, at most ExamplesKept a class
	First     time.Time // failure that counts
	Last      time.Time
}

// Tally counts local traces, or chains.
type Tally struct {
	Seen uint64
	// Went: some other site's call began after the site's last attempt had ended.
	Went uint64
	// Survived: the caller did not fail.
	Survived uint64
	// WentAndFailed: both went on and failed.
	WentAndFailed uint64
	// Beside: another call failed, too, none that waited for this one or that this
	// one waited for. BesideSurvived is its part of Survived.
	Beside, BesideSurvived uint64
}

// Other is another site of the same caller, beside the site that the evidence is of.
type Other struct {
	ID     callgraph.StaticID // of the site
	Callee Callee
	// Together counts local traces in which both ran and the site went well,
	// head-sampled or not; in After of them the other began after the site's last
	// attempt had ended, in Open it had not ended when the caller did.
	Together, After, Open uint64
	// OKAfter and FailedAfter are the parts of OK.Seen and Failed.Seen in which
	// the other began after the site's last attempt had ended; FailedTogether
	// is where it began after the site's last call had begun, retries included:
	// what is in it and not in FailedAfter did not wait for the site.
	// PromptedAfter is the part of Prompted.Seen.
	OKAfter        uint64
	PromptedAfter  uint64
	FailedAfter    [Classes]uint64
	FailedTogether [Classes]uint64
	// FailedToo is the part of Failed.Seen in which the other failed, too,
	// PromptedToo that of Prompted.Seen.
	FailedToo   [Classes]uint64
	PromptedToo uint64
}

// Named counts chains by an operation.
type Named struct {
	Operation callgraph.Operation
	Chains    uint64
}

// Entrance counts whole chains that reach the site from one entrance.
type Entrance struct {
	Operation  callgraph.Operation
	Chains     uint64 // with the site
	Failed     uint64 // in which the site's call failed
	RootFailed uint64 // and the entrance too
}

// Example is a local trace that gave evidence of a failure.
type Example struct {
	TraceID [16]byte
	SpanID  [8]byte // the last attempt's
	At      time.Time
	Class   Class
	Went    bool
}

// Bounds of one record. What is beyond is left out when a record is made and
// counted in Passed; merging keeps all, so that its order does not matter.
const (
	OthersKept    = 24
	ExamplesKept  = 3
	CalleesKept   = 4
	EntrancesKept = 8
)

// Reason says why something gave no evidence.
type Reason uint8

const (
	// Incomplete local traces lack spans that their root says there were.
	Incomplete Reason = iota
	// Unstated local traces do not say how many spans they had.
	Unstated
	// Gone is a local root that did not come in time, or was evicted.
	Gone
	// Aborted calls were cancelled, or had not ended when the caller did.
	Aborted
	// Mixed are parallel attempts of which some failed.
	Mixed
	// Biased are local traces that went well at the site and were kept for
	// something else.
	Biased
	// Crowded are other sites beyond OthersKept.
	Crowded
	// Reasons is how many there are.
	Reasons = int(iota)
)

// String is the reason as APIs and metrics carry it.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "invalid"
}

var reasonNames = [Reasons]string{"incomplete", "unstated", "gone", "aborted", "mixed", "biased", "crowded"}
