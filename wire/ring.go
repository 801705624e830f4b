package wire

// places find a value in a ring: chains of those whose hashes are alike.
type places struct {
	first, then [ringSize]uint16 // a place plus one
}

func (p *places) find(ring []*entry, v *Value) (place int, found bool) {
	if p == nil {
		return 0, false
	}
	h := uint32(v.hash())
	for at := p.first[h%ringSize]; at != 0; at = p.then[at-1] {
		if e := ring[at-1]; e.hash == h && e.Value == *v {
			return int(at) - 1, true
		}
	}
	return 0, false
}

func (p *places) add(e *entry, place int) {
	e.hash = uint32(e.Value.hash())
	first := &p.first[e.hash%ringSize]
	p.then[place] = *first
	*first = uint16(place) + 1
}

func (p *places) remove(e *entry, place int) {
	if p == nil { // a decoder's
		return
	}
	at := &p.first[e.hash%ringSize]
	for *at != uint16(place)+1 {
		at = &p.then[*at-1]
	}
	*at = p.then[place]
}
