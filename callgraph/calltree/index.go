package calltree

// index finds refs by the hash of their key: linear probing in the order of
// hashes, so that most look-ups of what is not there touch no node.
type index struct {
	slots []uint64 // hash in the upper half, ref+1 in the lower; 0 is empty
	size  int
}

const minSlots = 256

func newIndex() index { return index{slots: make([]uint64, minSlots)} }

// home is the slot of a hash if nothing is in its way.
func (x *index) home(hash uint32) int { return int(uint64(hash) * uint64(len(x.slots)) >> 32) }

func (x *index) next(i int) int {
	if i++; i < len(x.slots) {
		return i
	}
	return 0
}

// find is the ref of the hash that is the right one, or none.
func (x *index) find(hash uint32, right func(ref) bool) ref {
	for i := x.home(hash); x.slots[i] != 0; i = x.next(i) {
		if slot := x.slots[i]; uint32(slot>>32) == hash && right(slotRef(slot)) {
			return slotRef(slot)
		}
	}
	return none
}

func slotRef(slot uint64) ref { return ref(uint32(slot)) - 1 }

func (x *index) insert(hash uint32, r ref) {
	if x.size >= len(x.slots)/8*7 {
		x.grow()
	}
	x.put(uint64(hash)<<32 | uint64(uint32(r+1)))
	x.size++
}

func (x *index) put(slot uint64) {
	i := x.home(uint32(slot >> 32))
	for x.slots[i] != 0 {
		i = x.next(i)
	}
	x.slots[i] = slot
}

// remove takes a ref out that is there and moves back what stood behind it
// because of it.
func (x *index) remove(hash uint32, r ref) {
	i := x.home(hash)
	for slotRef(x.slots[i]) != r {
		i = x.next(i)
	}
	for j := x.next(i); x.slots[j] != 0; j = x.next(j) {
		if home := x.home(uint32(x.slots[j] >> 32)); !x.between(i, home, j) {
			x.slots[i] = x.slots[j]
			i = j
		}
	}
	x.slots[i] = 0
	x.size--
}

// between reports whether, going round, home lies behind i and not behind j.
func (x *index) between(i, home, j int) bool {
	if i <= j {
		return i < home && home <= j
	}
	return i < home || home <= j
}

// grow by half: doubling would leave half of the slots empty.
func (x *index) grow() {
	old := x.slots
	x.slots = make([]uint64, len(old)+len(old)/2)
	for _, slot := range old {
		if slot != 0 {
			x.put(slot)
		}
	}
}
