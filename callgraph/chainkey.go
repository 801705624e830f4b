package callgraph

import (
	"cmp"
	"fmt"
	"time"
)

// ChainKey is a business key, such as an order's number: all traces that carry
// it are one logical chain, whose ID it is. Equal keys of different environments
// are different keys.
type ChainKey struct {
	Environment string
	Kind        string // order, payment, waybill …: as the rule that found it says
	Value       string
}

// Bounds of a key in bytes: longer kinds are refused by configuration, longer
// values and environments are not taken and counted.
const (
	MaxKeyKind        = 64
	MaxKeyValue       = 256
	MaxKeyEnvironment = 256
)

// Validate says why no store takes the key.
func (k ChainKey) Validate() error {
	switch {
	case k.Kind == "" || len(k.Kind) > MaxKeyKind:
		return fmt.Errorf("key's kind has %d bytes, it must have 1 to %d", len(k.Kind), MaxKeyKind)
	case k.Value == "" || len(k.Value) > MaxKeyValue:
		return fmt.Errorf("key's value has %d bytes, it must have 1 to %d", len(k.Value), MaxKeyValue)
	case len(k.Environment) > MaxKeyEnvironment:
		return fmt.Errorf("key's environment has %d bytes, it must have at most %d", len(k.Environment), MaxKeyEnvironment)
	}
	return nil
}

// Compare orders keys by kind, value, environment.
func (k ChainKey) Compare(o ChainKey) int {
	return cmp.Or(cmp.Compare(k.Kind, o.Kind), cmp.Compare(k.Value, o.Value), cmp.Compare(k.Environment, o.Environment))
}

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
