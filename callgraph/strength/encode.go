package strength

import (
	"encoding/binary"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// version is a record's first byte. Everything after it is, in the order of
// the fields, unsigned varints, but for IDs, which are fixed-size big-endian,
// and strings, whose length comes before them. Times are Unix nanoseconds, 0
// where there is none. Arrays by class are the set of the classes that are not
// zero as bits, then these.
const version = 1

// MaxRecord is the greatest size of a record that ParseRecord takes, in bytes.
const MaxRecord = 1 << 20

// Append appends the record, as ParseRecord reads it.
func (r *Record) Append(b []byte) []byte {
	b = append(b, version)
	b = binary.AppendVarint(b, r.Day)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Key.Site))
	b = binary.BigEndian.AppendUint64(b, r.Writer)
	b = append(b, byte(r.Source))
	b = appendOperation(b, r.Site.Caller)
	b = appendCallee(b, r.Site.Callee)
	return r.Evidence.append(b)
}

func (e *Evidence) append(b []byte) []byte {
	b = appendTallies(b, e.OK, e.Failed)
	b = appendTallies(b, e.ChainOK, e.ChainFailed)
	b = appendTally(b, e.Prompted)
	b = appendCounts(b, e.PromptedFailed, e.PromptedAlike, e.Open)
	b = appendCounts(b, e.Calls, e.LocalTraces)
	b = appendCounts(b, e.Passed[:]...)
	b = appendTime(b, e.First)
	b = appendTime(b, e.Last)
	b = appendAll(b, e.Others, appendOther)
	b = appendAll(b, e.Callees, appendNamed)
	b = appendAll(b, e.Entrances, appendEntrance)
	return appendAll(b, e.Examples, appendExample)
}

func appendAll[T any](b []byte, all []T, one func([]byte, *T) []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for i := range all {
		b = one(b, &all[i])
	}
	return b
}

func appendOther(b []byte, o *Other) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(o.ID))
	b = appendCallee(b, o.Callee)
	b = appendCounts(b, o.Together, o.After, o.Open, o.OKAfter)
	b = appendByClass(b, o.FailedAfter)
	b = appendByClass(b, o.FailedTogether)
	b = appendByClass(b, o.FailedToo)
	return appendCounts(b, o.PromptedAfter, o.PromptedToo)
}

func appendNamed(b []byte, n *Named) []byte {
	return appendCounts(appendOperation(b, n.Operation), n.Chains)
}

func appendEntrance(b []byte, e *Entrance) []byte {
	return appendCounts(appendOperation(b, e.Operation), e.Chains, e.Failed, e.RootFailed)
}

func appendExample(b []byte, x *Example) []byte {
	b = append(append(b, x.TraceID[:]...), x.SpanID[:]...)
	b = append(appendTime(b, x.At), byte(x.Class))
	if x.Went {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendTallies(b []byte, ok Tally, failed [Classes]Tally) []byte {
	b = appendTally(b, ok)
	var set uint64
	for c, t := range failed {
		if t != (Tally{}) {
			set |= 1 << c
		}
	}
	b = binary.AppendUvarint(b, set)
	for _, t := range failed {
		if t != (Tally{}) {
			b = appendTally(b, t)
		}
	}
	return b
}

func appendTally(b []byte, t Tally) []byte {
	return appendCounts(b, t.Seen, t.Went, t.Survived, t.WentAndFailed, t.Beside, t.BesideSurvived)
}

func appendByClass(b []byte, counts [Classes]uint64) []byte {
	var set uint64
	for c, n := range counts {
		if n != 0 {
			set |= 1 << c
		}
	}
	b = binary.AppendUvarint(b, set)
	for _, n := range counts {
		if n != 0 {
			b = binary.AppendUvarint(b, n)
		}
	}
	return b
}

func appendCounts(b []byte, counts ...uint64) []byte {
	for _, n := range counts {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.AppendVarint(b, 0)
	}
	return binary.AppendVarint(b, t.UnixNano())
}

func appendOperation(b []byte, o callgraph.Operation) []byte {
	b = appendText(b, o.Service.Environment)
	b = appendText(b, o.Service.Namespace)
	b = appendText(b, o.Service.Name)
	return append(appendText(b, o.Name), byte(o.Node))
}

func appendCallee(b []byte, c Callee) []byte {
	return append(appendText(appendText(b, c.Peer), c.Operation), byte(c.Connection))
}

func appendText(b []byte, s string) []byte {
	s = callgraph.ClipName(s)
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
