package calltree

import "time"

// doubtEvery is how often it is asked whether the entry span has come; a bit
// less than the half second between two Expires.
const doubtEvery = 400 * time.Millisecond

// enqueue has a span judged at the next Expire.
func (j *Joiner) enqueue(r ref) {
	n := j.nodes.at(r)
	if n.is(isQueued) {
		return
	}
	n.set(isQueued)
	n.refs++
	j.ready = append(j.ready, r)
}

// judgeReady judges the spans whose calls may have changed.
func (j *Joiner) judgeReady() {
	j.judgeDoubted()
	for i := 0; i < len(j.ready); i++ { //nolint:intrange // judging adds more
		r := j.ready[i]
		j.nodes.at(r).clear(isQueued)
		if j.judge(r, false) {
			j.doubt(r)
		}
		j.unref(r)
	}
	j.ready = j.ready[:0]
}

// doubt keeps a span whose caller's operation may still change.
func (j *Joiner) doubt(r ref) {
	n := j.nodes.at(r)
	if n.is(isDoubted) {
		return
	}
	n.set(isDoubted)
	n.refs++
	j.doubted = append(j.doubted, r)
}

// judgeDoubted has the doubted spans judged again, but not at every Expire,
// however often that is: a large trace that comes in small parts must not be
// judged as a whole for each of them.
func (j *Joiner) judgeDoubted() {
	if j.now-j.resolved < doubtEvery.Milliseconds() {
		return
	}
	j.resolved = j.now
	for _, r := range j.doubted {
		j.nodes.at(r).clear(isDoubted)
		j.enqueue(r)
		j.unref(r)
	}
	j.doubted = j.doubted[:0]
}
