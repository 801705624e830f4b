package query

import (
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// keyState is what a chain says became of the thing that a key names.
type keyState struct {
	Kind  string `json:"kind"`
	State string `json:"state"`
}

// stateNames are the attributes of a kind that tell its state: order.state.
var stateNames = [...]string{".state", ".status"}

const (
	maxStates     = 8  // kinds of a chain that are asked for a state
	maxStateBytes = 64 // of a state; what is longer is no word for one
)

// states are those that the chain's spans tell of its keys, in their order. Of a
// kind with several keys none is told: whose it is cannot be known.
func (st *story) states(keys []callgraph.ChainKey) []keyState {
	all := []keyState{}
	for _, kind := range singleKinds(keys) {
		if state := st.state(kind); state != "" {
			all = append(all, keyState{kind, state})
		}
	}
	return all
}

func singleKinds(keys []callgraph.ChainKey) (single []string) {
	count := map[string]int{}
	for _, k := range keys {
		count[k.Kind]++
	}
	for _, k := range keys {
		if count[k.Kind] == 1 && len(single) < maxStates {
			single = append(single, k.Kind)
		}
	}
	return single
}

// state is what the span that ended last says.
func (st *story) state(kind string) (state string) {
	var last pcommon.Timestamp
	names := [...]string{kind + stateNames[0], kind + stateNames[1]}
	for _, n := range st.tree.Walk() {
		told := stateOf(n.Span.Attributes(), names[:])
		if end := n.Span.EndTimestamp(); told != "" && (state == "" || end > last) {
			state, last = told, end
		}
	}
	return state
}

func stateOf(attributes pcommon.Map, names []string) string {
	for _, name := range names {
		v, ok := attributes.Get(name)
		if ok && v.Type() == pcommon.ValueTypeStr && len(v.Str()) <= maxStateBytes && utf8.ValidString(v.Str()) && strings.TrimSpace(v.Str()) != "" {
			return v.Str()
		}
	}
	return ""
}
