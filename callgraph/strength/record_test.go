package strength_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

var at = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// randomEvidence is what one local trace may add, out of few names, so that
// pieces meet.
func randomEvidence(t *rapid.T) (e strength.Evidence) {
	n := rapid.Uint64Range(0, 3)
	tally := func() strength.Tally {
		return strength.Tally{Seen: n.Draw(t, "seen"), Went: n.Draw(t, "went"), Survived: n.Draw(t, "survived"), WentAndFailed: n.Draw(t, "both"), Beside: n.Draw(t, "beside"), BesideSurvived: n.Draw(t, "beside survived")}
	}
	e.OK, e.ChainOK, e.Prompted, e.PromptedFailed, e.PromptedAlike, e.Open = tally(), tally(), tally(), n.Draw(t, "prompted failures"), n.Draw(t, "prompted alike"), n.Draw(t, "open")
	class := rapid.IntRange(0, strength.Classes-1).Draw(t, "class")
	e.Failed[class], e.ChainFailed[class] = tally(), tally()
	e.Calls, e.LocalTraces = n.Draw(t, "calls"), n.Draw(t, "local traces")
	e.Passed[rapid.IntRange(0, strength.Reasons-1).Draw(t, "reason")] = n.Draw(t, "passed")
	for _, id := range some(t, 1) {
		o := strength.Other{ID: callgraph.StaticID(id), Callee: strength.Callee{Peer: fmt.Sprint("peer ", id), Operation: "GET", Connection: callgraph.Connection(n.Draw(t, "connection"))}}
		o.Together, o.After, o.Open, o.OKAfter = n.Draw(t, "together"), n.Draw(t, "after"), n.Draw(t, "open"), n.Draw(t, "ok after")
		o.PromptedAfter, o.PromptedToo = n.Draw(t, "prompted after"), n.Draw(t, "prompted too")
		o.FailedAfter[class], o.FailedTogether[class], o.FailedToo[class] = n.Draw(t, "failed after"), n.Draw(t, "failed together"), n.Draw(t, "failed too")
		e.Others = append(e.Others, o)
	}
	for _, id := range some(t, 0) {
		e.Callees = append(e.Callees, strength.Named{Operation: operation(id), Chains: n.Draw(t, "chains")})
		e.Entrances = append(e.Entrances, strength.Entrance{Operation: operation(id), Chains: n.Draw(t, "chains"), Failed: n.Draw(t, "failed"), RootFailed: n.Draw(t, "root failed")})
	}
	for range n.Draw(t, "examples") {
		x := strength.Example{At: at.Add(time.Duration(n.Draw(t, "at"))), Class: strength.Class(class), Went: rapid.Bool().Draw(t, "went")}
		x.TraceID[0], x.SpanID[0] = byte(n.Draw(t, "trace")), byte(n.Draw(t, "span"))
		e.Examples = append(e.Examples, x)
	}
	if rapid.Bool().Draw(t, "failed") {
		e.First = at.Add(time.Duration(n.Draw(t, "first")))
		e.Last = e.First.Add(time.Duration(n.Draw(t, "last")))
	}
	e.Merge(strength.Evidence{}) // puts the examples in order
	return e
}

// some are some of few numbers, rising.
func some(t *rapid.T, from int) []int {
	ids := rapid.SliceOfNDistinct(rapid.IntRange(from, from+4), 0, 4, rapid.ID[int]).Draw(t, "ids")
	slices.Sort(ids)
	return ids
}

func operation(id int) callgraph.Operation {
	return callgraph.Operation{Service: callgraph.Service{Namespace: "shop", Name: fmt.Sprint("s", id/3)}, Name: fmt.Sprint("op ", id)}
}

func TestMergingDoesNotDependOnTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.Custom(randomEvidence), 0, 6).Draw(t, "pieces")
		var whole strength.Evidence
		for _, p := range pieces {
			whole.Merge(p)
		}
		require.Equal(t, whole, mergeSplit(t, rapid.Permutation(pieces).Draw(t, "order")))
	})
}

// mergeSplit merges pieces in a random tree.
func mergeSplit(t *rapid.T, pieces []strength.Evidence) (e strength.Evidence) {
	switch len(pieces) {
	case 0:
		return e
	case 1:
		e.Merge(pieces[0])
		return e
	}
	at := rapid.IntRange(1, len(pieces)-1).Draw(t, "split")
	e = mergeSplit(t, pieces[:at])
	right := mergeSplit(t, pieces[at:])
	before := right
	e.Merge(right)
	require.Equal(t, before, right, "what is merged stays as it is")
	return e
}

func TestSumsDoNotWrap(t *testing.T) {
	most := ^uint64(0)
	e := strength.Evidence{OK: strength.Tally{Seen: most - 1}}
	e.Merge(strength.Evidence{OK: strength.Tally{Seen: 3}})
	require.Equal(t, most, e.OK.Seen)
}

func TestExamplesAreTheNewestOfEachClass(t *testing.T) {
	var e strength.Evidence
	for i := range 10 {
		x := strength.Example{At: at.Add(time.Duration(i) * time.Second), Class: strength.Class(i % 2)}
		e.Merge(strength.Evidence{Examples: []strength.Example{x}})
	}
	var seconds []int
	for _, x := range e.Examples {
		seconds = append(seconds, x.At.Second())
	}
	require.Equal(t, []int{9, 8, 7, 6, 5, 4}, seconds)
}

func TestBoundLeavesOutWhatIsSeenLeast(t *testing.T) {
	var e strength.Evidence
	for i := range strength.OthersKept + 2 {
		e.Others = append(e.Others, strength.Other{ID: callgraph.StaticID(i + 1), Together: uint64(i)})
	}
	e.Bound()
	require.Len(t, e.Others, strength.OthersKept)
	require.EqualValues(t, 3, e.Others[0].ID)
	require.EqualValues(t, 2, e.Passed[strength.Crowded])
	e.Bound()
	require.EqualValues(t, 2, e.Passed[strength.Crowded], "once")
}

func randomRecord(t *rapid.T) strength.Record {
	r := strength.Record{Evidence: randomEvidence(t)}
	r.Day = rapid.Int64Range(-3, 30_000).Draw(t, "day")
	r.Key.Site, r.Writer = callgraph.StaticID(rapid.Uint64().Draw(t, "site")), rapid.Uint64().Draw(t, "writer")
	r.Source = rapid.SampledFrom([]strength.Source{strength.Observed, strength.Injected}).Draw(t, "source")
	r.Site = strength.Site{Caller: operation(rapid.IntRange(0, 9).Draw(t, "caller")), Callee: strength.Callee{Peer: "päymént", Operation: "POST /pay"}}
	return r
}

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := randomRecord(t)
		b := r.Append([]byte("x"))
		back, err := strength.ParseRecord(b[1:])
		require.NoError(t, err)
		require.Equal(t, r, back)
		for _, cut := range []int{0, 1, len(b) / 2, len(b) - 2} {
			_, err := strength.ParseRecord(b[1 : 1+cut])
			require.ErrorIs(t, err, strength.ErrRecord)
		}
	})
}

func TestBadRecordsAreRefused(t *testing.T) {
	good := typical()
	b := good.Append(nil)
	for name, bad := range map[string][]byte{
		"empty":            nil,
		"another version":  append([]byte{9}, b[1:]...),
		"bytes after it":   append(slices.Clone(b), 0),
		"too long":         make([]byte, strength.MaxRecord+1),
		"no version":       append([]byte{0}, b[1:]...),
		"ends in a number": {1, 0x80},
	} {
		_, err := strength.ParseRecord(bad)
		require.ErrorIs(t, err, strength.ErrRecord, name)
	}
	good.Source = strength.Declared
	_, err := strength.ParseRecord(good.Append(nil))
	require.ErrorContains(t, err, "unknown source")
	good = typical()
	slices.Reverse(good.Evidence.Others)
	_, err = strength.ParseRecord(good.Append(nil))
	require.ErrorContains(t, err, "out of order")
}

// typical is a site as there are many: five others, two classes of failure.
func typical() strength.Record {
	caller := callgraph.Operation{Service: callgraph.Service{Environment: "production", Namespace: "shop", Name: "order-service"}, Name: "POST /api/v1/orders"}
	r := strength.Record{Site: strength.Site{Caller: caller, Callee: strength.Callee{Peer: "stock-service", Operation: "GET /api/v1/stock/{id}", Connection: callgraph.HTTP}}}
	r.Key = strength.Key{Day: 20_780, Site: r.Site.ID(), Writer: 0x1234567890abcdef}
	e := &r.Evidence
	e.OK = strength.Tally{Seen: 12_345, Went: 12_340, Survived: 12_300, WentAndFailed: 40}
	e.Failed[strength.Error] = strength.Tally{Seen: 250, Went: 250, Survived: 240, WentAndFailed: 10}
	e.Failed[strength.Timeout] = strength.Tally{Seen: 333, Beside: 12, BesideSurvived: 2}
	e.Prompted, e.PromptedFailed, e.PromptedAlike, e.Open = strength.Tally{Seen: 31, Went: 30, Survived: 29, WentAndFailed: 1, Beside: 31, BesideSurvived: 29}, 17, 16, 5
	e.Calls, e.LocalTraces = 13_000, 12_928
	for i, name := range []string{"payment-service", "delivery-service", "mail-service", "audit-service", "price-service"} {
		o := strength.Other{Callee: strength.Callee{Peer: name, Operation: "POST /api/v1/" + name, Connection: callgraph.HTTP}}
		o.ID = callgraph.StaticID(uint64(i+1) << 60)
		o.Together, o.After, o.OKAfter, o.PromptedAfter, o.PromptedToo = 12_345, 12_340, 12_000, 30, 2
		o.FailedAfter[strength.Error], o.FailedTogether[strength.Error], o.FailedToo[strength.Error] = 250, 250, 3
		e.Others = append(e.Others, o)
	}
	for i := range 2 * strength.ExamplesKept {
		x := strength.Example{At: at.Add(-time.Duration(i) * time.Second), Class: strength.Class(i % 2), Went: i%2 == 0}
		x.TraceID, x.SpanID = [16]byte{byte(i), 2, 3}, [8]byte{byte(i), 5}
		e.Examples = append(e.Examples, x)
	}
	e.Callees = []strength.Named{{Operation: operation(1), Chains: 900}}
	e.Entrances = []strength.Entrance{{Operation: operation(2), Chains: 900, Failed: 20, RootFailed: 13}}
	e.First, e.Last = at.Add(-time.Hour), at
	return r
}

func TestATypicalSiteIsSmall(t *testing.T) {
	r := typical()
	require.Less(t, len(r.Append(nil)), 1200)
}

// TestVersions reads what each version wrote. Their files never change.
func TestVersions(t *testing.T) {
	want := typical()
	first, err := os.ReadFile("testdata/v1_record.hex")
	require.NoError(t, err)
	b, err := hex.DecodeString(strings.TrimSpace(string(first)))
	require.NoError(t, err)
	r, err := strength.ParseRecord(b)
	require.NoError(t, err)
	require.Equal(t, want, r)
	require.Equal(t, b, want.Append(nil))
}

func FuzzParseRecord(f *testing.F) {
	r := typical()
	f.Add(r.Append(nil))
	f.Add((&strength.Record{}).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := strength.ParseRecord(b)
		if err != nil {
			return
		}
		again, err := strength.ParseRecord(r.Append(nil))
		require.NoError(t, err)
		require.Equal(t, r, again)
		r.Evidence.Merge(again.Evidence)
		r.Evidence.Bound()
		v := strength.Judge(r.Evidence, again.Evidence, strength.Unknown)
		require.NotEmpty(t, v.Words())
	})
}
