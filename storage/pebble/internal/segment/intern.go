package segment

import (
	"bytes"

	"github.com/zeebo/xxh3"
)

// interner numbers distinct byte strings from 0 on. It keeps what it is given.
type interner struct {
	entries [][]byte
	hashes  []uint64
	slots   []uint32 // entry + 1; a power of two, at most half full
}

func (t *interner) reset() {
	clear(t.entries)
	t.entries, t.hashes = t.entries[:0], t.hashes[:0]
	clear(t.slots)
}

// number of b, and whether it is new.
func (t *interner) number(b []byte) (uint32, bool) {
	if 2*len(t.entries) >= len(t.slots) {
		t.grow()
	}
	hash := xxh3.Hash(b)
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := t.slots[i]
		if slot == 0 {
			t.entries, t.hashes = append(t.entries, b), append(t.hashes, hash)
			t.slots[i] = uint32(len(t.entries))
			return uint32(len(t.entries) - 1), true
		}
		if t.hashes[slot-1] == hash && bytes.Equal(t.entries[slot-1], b) {
			return slot - 1, false
		}
	}
}

func (t *interner) grow() {
	t.slots = make([]uint32, max(1024, 2*len(t.slots)))
	mask := uint64(len(t.slots) - 1)
	for n, hash := range t.hashes {
		i := hash & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(n + 1)
	}
}
