package query

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// What became of an order is told by the span that ended last, on the chain's
// own answer and where it is a section.
func TestAChainTellsWhatBecameOfItsKeys(t *testing.T) {
	order, payment := chainKey("order", "4711"), chainKey("payment", "P9")
	long := strings.Repeat("x", maxStateBytes+1)
	for name, c := range map[string]struct {
		script string
		keys   []callgraph.ChainKey
		want   []keyState
	}{
		"by the last end, not the last start": {`web server cancel 0-100 order.state=cancelled
  web client a 10-20 order.state=asked`, []callgraph.ChainKey{order}, []keyState{{"order", "cancelled"}}},
		"state before status":          {"web server a 0-9 order.status=ok order.state=paid", []callgraph.ChainKey{order}, []keyState{{"order", "paid"}}},
		"status":                       {"web server a 0-9 order.status=paid", []callgraph.ChainKey{order}, []keyState{{"order", "paid"}}},
		"of several kinds":             {"web server a 0-9 order.state=paid payment.state=booked", []callgraph.ChainKey{payment, order}, []keyState{{"payment", "booked"}, {"order", "paid"}}},
		"not of a kind with two keys":  {"web server a 0-9 order.state=paid", []callgraph.ChainKey{order, chainKey("order", "4712")}, []keyState{}},
		"not of a kind without a key":  {"web server a 0-9 order.state=paid", []callgraph.ChainKey{payment}, []keyState{}},
		"no number, too long or empty": {"web server a 0-9 order.state=7 order.status=" + long, []callgraph.ChainKey{order}, []keyState{}},
		"the last that says something": {"web server a 0-9\n  web client b 1-2 order.state=paid", []callgraph.ChainKey{order}, []keyState{{"order", "paid"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := realServer(t)
			writeChain(t, b, 1, c.script)
			sight(t, b, 1, 0, c.keys...)
			var answer chainAnswer
			fetchInto(t, s, "/api/jcg/v1/chains/"+traceNumber(1).String(), &answer)
			require.ElementsMatch(t, c.want, answer.Chain.States)
			var logical logicalChain
			fetchInto(t, s, keyPath(c.keys[0].Kind, c.keys[0].Value), &logical)
			require.ElementsMatch(t, c.want, logical.Sections[0].States)
		})
	}
}

func TestAMissingChainHasNoState(t *testing.T) {
	s, b := realServer(t)
	sight(t, b, 1, time.Minute, chainKey("order", "1"))
	var logical logicalChain
	fetchInto(t, s, keyPath("order", "1"), &logical)
	require.Equal(t, []keyState{}, logical.Sections[0].States)
}
