package strength_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// site is evidence of a call that one other follows in all of ok successes;
// of the failed it went on in went.
func site(ok, failed, went uint64, class strength.Class) (e strength.Evidence) {
	e.OK = strength.Tally{Seen: ok, Went: ok, Survived: ok}
	e.Failed[class] = strength.Tally{Seen: failed, Went: went, Survived: went}
	o := strength.Other{ID: 1, Callee: strength.Callee{Peer: "payment", Operation: "POST /pay"}, Together: ok, After: ok, OKAfter: ok}
	o.FailedAfter[class], o.FailedTogether[class] = went, went
	e.Others = []strength.Other{o}
	return e
}

func judged(e strength.Evidence) strength.Strength {
	return strength.Judge(e, strength.Evidence{}, strength.Unknown).Strength
}

func TestHowMuchSuffices(t *testing.T) {
	for _, c := range []struct {
		ok, failed, went uint64
		want             strength.Strength
	}{
		{1000, 8, 0, strength.Unknown},
		{1000, 9, 0, strength.Strong}, // zero in nine
		{1000, 2, 2, strength.Unknown},
		{1000, 3, 3, strength.Weak}, // all of three
		{0, 1000, 0, strength.Unknown},
		{0, 1000, 1000, strength.Unknown},
		{2, 1000, 0, strength.Unknown},
		{20, 1000, 10, strength.Strong},
		{20, 1000, 900, strength.Weak},
		{1000, 600, 200, strength.Conditional},
		{1000, 600, 300, strength.Unknown}, // on the border
		{1000, 600, 120, strength.Unknown},
		{1000, 0, 0, strength.Unknown},
	} {
		require.Equal(t, c.want, judged(site(c.ok, c.failed, c.went, strength.Error)), "%+v", c)
	}
}

func TestNothingFollows(t *testing.T) {
	propagation := func(ok, failed, survived uint64) strength.Verdict {
		e := strength.Evidence{OK: strength.Tally{Seen: ok, Survived: ok}}
		e.Failed[strength.Error] = strength.Tally{Seen: failed, Survived: survived}
		return strength.Judge(e, strength.Evidence{}, strength.Unknown)
	}
	require.Equal(t, strength.Strong, propagation(100, 9, 0).Strength)
	require.Equal(t, strength.Weak, propagation(100, 3, 3).Strength)
	require.Equal(t, strength.Propagation, propagation(100, 3, 3).Basis)
	require.Equal(t, strength.NoBasis, propagation(5, 100, 0).Basis, "that nothing follows is not known after five")
}

func TestClassesThatDisagreeAreConditional(t *testing.T) {
	e := site(200, 250, 250, strength.Error)
	e.Merge(site(0, 333, 0, strength.Timeout))
	v := strength.Judge(e, strength.Evidence{}, strength.Unknown)
	require.Equal(t, strength.Conditional, v.Strength)
	require.Equal(t, strength.Weak, v.Classes[0].Strength)
	require.Equal(t, strength.Strong, v.Classes[1].Strength)
	require.EqualValues(t, 1, int(v.Classes[0].Ratio.Estimate+0.5))
}

func TestClassesTooRareToJudgeArePooled(t *testing.T) {
	e := site(200, 6, 0, strength.Error)
	e.Merge(site(0, 6, 0, strength.Timeout))
	require.Equal(t, strength.Strong, judged(e))
}

func TestRejectionsHaveNoPartInTheSites(t *testing.T) {
	e := site(200, 20, 20, strength.Rejected)
	require.Equal(t, strength.Weak, judged(e), "nothing else fails")
	e.Merge(site(0, 20, 0, strength.Error))
	require.Equal(t, strength.Strong, judged(e))
	few := site(200, 20, 20, strength.Rejected)
	few.Merge(site(0, 1, 0, strength.Error))
	require.Equal(t, strength.Unknown, judged(few))
}

func TestInjectedFailuresOverrideWhenTheySuffice(t *testing.T) {
	observed, injected := site(200, 20, 0, strength.Error), site(0, 2, 2, strength.Error)
	v := strength.Judge(observed, injected, strength.Unknown)
	require.Equal(t, strength.Strong, v.Strength)
	require.Equal(t, strength.Observed, v.Source)
	injected.Merge(site(0, 5, 5, strength.Error))
	v = strength.Judge(observed, injected, strength.Unknown)
	require.Equal(t, strength.Weak, v.Strength)
	require.Equal(t, strength.Injected, v.Source)
	require.Equal(t, strength.Strong, v.Observed)
	v = strength.Judge(observed, injected, strength.Conditional)
	require.Equal(t, strength.Conditional, v.Strength)
	require.Equal(t, strength.Declared, v.Source)
	require.Equal(t, strength.Strong, v.Observed)
}

// TestCrowdedSitesAreNotStrong: a successor that was left out may be one that
// is still made.
func TestCrowdedSitesAreNotStrong(t *testing.T) {
	e := site(200, 20, 0, strength.Error)
	e.Failed[strength.Error].Went = 20 // to one that is not among the others
	e.Passed[strength.Crowded] = 20
	require.Equal(t, strength.Unknown, judged(e))
	e.Failed[strength.Error].Went = 0
	require.Equal(t, strength.Strong, judged(e), "nothing at all was made")
}

func TestOneOfSeveralThatIsStillMadeIsWeak(t *testing.T) {
	e := site(200, 100, 0, strength.Error)
	o := e.Others[0]
	o.ID, o.OKAfter, o.After, o.Together = 2, 60, 60, 60
	o.FailedAfter[strength.Error], o.FailedTogether[strength.Error] = 30, 30
	e.Others = append(e.Others, o)
	e.Failed[strength.Error].Went = 30
	require.Equal(t, strength.Weak, judged(e))
}

func TestParallelSiblingsAreNoSuccessors(t *testing.T) {
	e := site(200, 20, 20, strength.Error)
	e.Others[0].After, e.Others[0].OKAfter = 150, 150 // began before the site had ended in a quarter
	v := strength.Judge(e, strength.Evidence{}, strength.Unknown)
	require.Empty(t, v.Successors)
	require.Equal(t, strength.Propagation, v.Basis)
}

// TestVerdictsNeedEvidenceOfBoth: whatever the sums, Unknown is the answer to too
// little. But callers that do not wait and survive need no successes.
func TestVerdictsNeedEvidenceOfBoth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := randomEvidence(t)
		e.OK.Seen, e.Prompted.Seen = min(e.OK.Seen, 2), min(e.Prompted.Seen, 2)
		if s := judged(e); e.Open == 0 || s != strength.Weak {
			require.Equal(t, strength.Unknown, s)
		}
	})
}

// TestMoreOfTheSameDecidesTheSame: what ten times the evidence says is not the contrary.
func TestMoreOfTheSameDecidesTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(0, 60)
		failed := n.Draw(t, "failed")
		e := site(n.Draw(t, "ok"), failed, min(n.Draw(t, "went"), failed), strength.Error)
		once, tenfold := judged(e), e
		for range 9 {
			tenfold.Merge(e)
		}
		if once != strength.Unknown {
			require.Equal(t, once, judged(tenfold))
		}
	})
}

func ExampleJudge() {
	evidence := site(200, 250, 250, strength.Error)
	evidence.Merge(site(0, 333, 0, strength.Timeout))
	verdict := strength.Judge(evidence, strength.Evidence{}, strength.Unknown)
	fmt.Println(verdict.Strength)
	fmt.Println(verdict.Words())
	// Output:
	// conditional
	// After 250 of 250 errors the caller went on to payment POST /pay (weak). After 333 of 333 timeouts the caller made none of the calls that usually follow (strong).
}

func BenchmarkJudge(b *testing.B) {
	r := typical()
	b.ReportAllocs()
	for b.Loop() {
		strength.Judge(r.Evidence, strength.Evidence{}, strength.Unknown)
	}
}

// TestADecidedClassBesideOneThatIsSurelyNotTheSame is Conditional, though that
// one is not decided.
func TestADecidedClassBesideOneThatIsSurelyNotTheSame(t *testing.T) {
	e := site(200, 80, 0, strength.Soft)
	e.Merge(site(0, 26, 12, strength.Error))
	v := strength.Judge(e, strength.Evidence{}, strength.Unknown)
	require.Equal(t, strength.Unknown, v.Classes[0].Strength)
	require.Equal(t, strength.Strong, v.Classes[1].Strength)
	require.Equal(t, strength.Conditional, v.Strength)
}

// TestSuccessorsThatShareTheirFate: four that are made together in a third of
// the failures add up to more than there are failures.
func TestSuccessorsThatShareTheirFate(t *testing.T) {
	e := site(200, 600, 180, strength.Error)
	for id := range 3 {
		o := e.Others[0]
		o.ID += 1 + e.Others[id].ID
		e.Others = append(e.Others, o)
	}
	require.Equal(t, strength.Conditional, judged(e))
}

// TestEachOfSeveralThatMayFollowMustAgree: where the one that is not made any more
// follows and the other does not, the site is strong.
func TestEachOfSeveralThatMayFollowMustAgree(t *testing.T) {
	e := strength.Evidence{OK: strength.Tally{Seen: 12, Went: 3, Survived: 12}}
	e.Failed[strength.Error] = strength.Tally{Seen: 20, Went: 20, Survived: 20}
	stops := strength.Other{ID: 1, Together: 3, After: 3, OKAfter: 3}
	goesOn := strength.Other{ID: 2, Together: 3, After: 3, OKAfter: 3}
	goesOn.FailedAfter[strength.Error], goesOn.FailedTogether[strength.Error] = 20, 20
	e.Others = []strength.Other{goesOn}
	require.Equal(t, strength.Weak, judged(e), "weak whether that follows or not")
	e.Others = []strength.Other{stops, goesOn}
	require.Equal(t, strength.Unknown, judged(e))
}
