package wire

// given says which value a slot had when last the value before it was the same:
// a table of places that later entries take over, which doubles while many
// were taken.
type given struct {
	cells []givenCell
	taken int
}

type givenCell struct {
	slot   uint64
	anchor uint32 // serial of the value before
	entry  entry
}

func (g *given) at(slot uint64, anchor uint32) *givenCell {
	if g.taken >= len(g.cells) && len(g.cells) < maxGiven {
		g.cells = make([]givenCell, max(2*len(g.cells), minGiven))
		g.taken = 0
	}
	h := (slot<<32 | uint64(anchor)) * golden
	return &g.cells[h>>32&uint64(len(g.cells)-1)]
}

func (c *givenCell) is(slot uint64, anchor uint32) bool {
	return c.anchor == anchor && c.slot == slot && anchor != 0
}

func (g *given) put(c *givenCell, slot uint64, anchor uint32, e entry) {
	if c.is(slot, anchor) && e.serial != 0 && c.entry.serial == e.serial {
		return
	}
	if !c.is(slot, anchor) {
		g.taken++
	}
	*c = givenCell{slot, anchor, e}
}
