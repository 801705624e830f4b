package wire

// given says which value a slot had when last the value before it was the same:
// a table of places that later entries take over, which doubles while many
// were taken.
type given struct {
	cells []givenCell
	taken int
}

type givenCell struct {
	slot   uint32
	anchor uint32 // serial of the value before
	entry  *entry
}

func (g *given) at(slot, anchor uint32) *givenCell {
	if g.taken >= 2*len(g.cells) && len(g.cells) < maxGiven {
		g.cells = make([]givenCell, max(2*len(g.cells), minGiven))
		g.taken = 0
	}
	h := (uint64(slot)<<32 | uint64(anchor)) * golden
	return &g.cells[h>>32&uint64(len(g.cells)-1)]
}

// of is what was given, if it was.
func (c *givenCell) of(slot, anchor uint32) *entry {
	if c.anchor == anchor && c.slot == slot && anchor != 0 {
		return c.entry
	}
	return nil
}

func (g *given) put(c *givenCell, slot, anchor uint32, e *entry) {
	if c.anchor != anchor || c.slot != slot {
		g.taken++
	}
	*c = givenCell{slot, anchor, e}
}
