package strength_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

func TestWordsNameATopicOnce(t *testing.T) {
	for want, next := range map[string]strength.Callee{
		"orders publish":       {Peer: "orders", Operation: "orders publish"},
		"publish orders":       {Peer: "orders", Operation: "publish orders"},
		"orders reorders":      {Peer: "orders", Operation: "reorders"},
		"payment POST /charge": {Peer: "payment", Operation: "POST /charge"},
		"redis GET":            {Peer: "redis", Operation: "GET"},
	} {
		v := strength.Verdict{Strength: strength.Weak, Basis: strength.Successors, Classes: []strength.ClassVerdict{
			{Class: strength.Error, Strength: strength.Weak, Failures: 3, WentOn: 3, Next: next},
		}}
		require.Equal(t, "After 3 of 3 errors the caller went on to "+want+" (weak).", v.Words())
	}
}
