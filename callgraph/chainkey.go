package callgraph

import "time"

// ChainKey is a business key, such as an order's number: all traces that carry
// it are one logical chain, whose ID it is. Equal keys of different environments
// are different keys.
type ChainKey struct {
	Environment string
	Kind        string // order, payment, waybill …: as the rule that found it says
	Value       string
}

// Bounds of a key: longer kinds are refused by configuration, longer values
// are not taken and counted.
const (
	MaxKeyKind  = 64
	MaxKeyValue = 256
)

// String is kind=value, behind the environment where there is one.
func (k ChainKey) String() string {
	s := k.Kind + "=" + k.Value
	if k.Environment != "" {
		s = k.Environment + "/" + s
	}
	return s
}

// Sighting says that a trace carries a key. A trace is sighted once a key, at
// the earliest of the starts that were told.
type Sighting struct {
	Key     ChainKey
	TraceID [16]byte
	Start   time.Time // of the earliest span known to carry the key
}

// KeyLink is a key that shares traces with another one.
type KeyLink struct {
	Key     ChainKey
	TraceID [16]byte // one that carries both
}
