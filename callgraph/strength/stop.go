package strength

// fewestAlone is after how many failures beside which nothing else failed only
// these are looked at.
const fewestAlone = 3

// StopShare is the part of a site's failures that end what it is part of, its
// caller or the whole chain, beyond what fails where the site does not: from 0 to
// 1. ok and failed count how often that survived.
//
// Other calls may fail, too, and be the reason: so failures alone are compared
// with successes beside which nothing failed. Where there are hardly any, what
// went on and failed is put down to the others. A fallback that fails, too, is no
// other reason: where a site hasFallback all its failures are looked at.
func StopShare(ok, failed Tally, hasFallback bool) float64 {
	ended := failed.ended()
	switch alone := failed.alone(); {
	case hasFallback:
	case alone.Seen >= fewestAlone:
		ended, ok = alone.ended(), ok.alone()
	default:
		ended = part(less(less(failed.Seen, failed.Survived), failed.WentAndFailed), failed.Seen)
	}
	return max(0, ended-ok.ended())
}

// alone is the tally without what happened beside another failure. What it does
// not know of is zero.
func (t Tally) alone() Tally {
	return Tally{Seen: less(t.Seen, t.Beside), Survived: less(t.Survived, t.BesideSurvived)}
}

// ended is the part that did not survive.
func (t Tally) ended() float64 { return part(less(t.Seen, t.Survived), t.Seen) }

func part(k, n uint64) float64 { return share{k, n}.estimate() }

func less(a, b uint64) uint64 { return a - min(a, b) }
