package sdk

import (
	"reflect"
	"sync/atomic"
)

// users are those who send by one exporter: who is done last shuts it down. nil
// stands for one alone.
type users struct{ left atomic.Int32 }

func newUsers(n int32) *users {
	u := &users{}
	u.left.Store(n)
	return u
}

// last reports whether the others are done.
func (u *users) last() bool { return u == nil || u.left.Add(-1) == 0 }

// share notes which exporter sends both spans and counts.
func (o *options) share() {
	for i := range o.exporters {
		if e := &o.exporters[i]; same(e.plain, o.edges.intervals) {
			e.users = newUsers(2)
			o.edges.users = e.users
			return
		}
	}
}

// same reports whether both are one pointer.
func same(a, b any) bool {
	return a != nil && b != nil && reflect.TypeOf(a).Kind() == reflect.Pointer && a == b
}
