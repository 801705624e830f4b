package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// EraseKey implements storage.Eraser.
func (s *Store) EraseKey(ctx context.Context, key callgraph.ChainKey) error {
	if err := s.gate.enter(); err != nil {
		return fmt.Errorf("erase a key of kind %q: %w", key.Kind, err)
	}
	defer s.gate.leave()
	s.erasing.Lock()
	defer s.erasing.Unlock()
	var r residue
	err := s.begin(&r)
	if err == nil {
		err = s.eraseRows(ctx, key, &r)
	}
	if err == nil {
		err = s.clean(ctx, &r)
	}
	if err != nil {
		return fmt.Errorf("erase a key of kind %q: %w", key.Kind, err)
	}
	return nil
}

// eraseAtOnce is how many bytes of a key's rows go in one commit, about: what
// 500 traces take. Whoever writes sightings waits for it.
const eraseAtOnce = 1 << 16

// keyErasure deletes all that names a key, some of it at a time.
type keyErasure struct {
	store   *Store
	key     callgraph.ChainKey
	residue *residue
	parts   []*keyPart
}

// keyPart are the rows of a key under one prefix.
type keyPart struct {
	from, next []byte // all of them; what was not seen yet
	told       bool   // to the residue
	// also deletes what else names the key, by what follows it in the row.
	also func(b *pebble.Batch, rest []byte) error
}

// eraseRows deletes a key's rows. Until the last commit the key is found, so
// that who asks again after a crash finds what is left: the sightings come last.
func (s *Store) eraseRows(ctx context.Context, key callgraph.ChainKey, r *residue) error {
	e := s.newKeyErasure(key, r)
	for more := true; more; {
		err := errors.Join(ctx.Err(), s.gate.open())
		if err == nil {
			more, err = e.step()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) newKeyErasure(key callgraph.ChainKey, r *residue) *keyErasure {
	e := &keyErasure{store: s, key: key, residue: r}
	e.part(prefixLink, e.linkBack)
	e.part(prefixCrowd, func(*pebble.Batch, []byte) error { return nil })
	e.part(prefixSighting, e.carried)
	return e
}

func (e *keyErasure) part(prefix byte, also func(*pebble.Batch, []byte) error) {
	from := appendByValue([]byte{prefix}, e.key)
	e.parts = append(e.parts, &keyPart{from: from, next: from, also: also})
}

// step deletes some rows in one commit. The last one begins at the start once
// more, for what was written behind the steps before; if that is more than goes in
// one, it is not the last.
func (e *keyErasure) step() (more bool, err error) {
	s := e.store
	s.sightings.mu.Lock()
	defer s.sightings.mu.Unlock()
	b := s.db.NewBatch()
	more, err = e.fill(b)
	if err == nil && !more {
		for _, p := range e.parts {
			p.next = p.from
		}
		b.Reset()
		more, err = e.fill(b)
	}
	if err != nil || b.Empty() {
		return false, errors.Join(err, b.Close())
	}
	_ = b.Set(metaKey(unclean), nil, nil)
	return more, s.commit(b)
}

// fill has a batch delete what is left, or as much of it as goes at once.
func (e *keyErasure) fill(b *pebble.Batch) (more bool, err error) {
	for _, p := range e.parts {
		err := e.store.scanKeys(p.next, end(p.from), func(row []byte) error {
			if b.Len() >= eraseAtOnce {
				p.next = bytes.Clone(row)
				return errEnough
			}
			_ = b.Delete(row, nil) // fails for no open batch
			e.tell(p)
			return p.also(b, row[len(p.from):])
		})
		if errors.Is(err, errEnough) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		p.next = end(p.from)
	}
	return false, nil
}

// tell says once where old bytes of a part lie, and what tables name: a row of
// the key's own begins with the one text, and another's with it ends with the other.
func (e *keyErasure) tell(p *keyPart) {
	if p.told {
		return
	}
	p.told = true
	e.residue.add(p.from, end(p.from))
	e.residue.text(p.from)
	e.residue.text(appendByKind(nil, e.key))
}

// carried takes the key from what a trace carries.
func (e *keyErasure) carried(b *pebble.Batch, place []byte) error {
	_, id, err := readPlace(place)
	if err != nil {
		return err
	}
	all, err := e.store.carriedBy(id)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(all, func(c carried) bool { return c.key == e.key })
	e.residue.add(carriedKey(id), append(carriedKey(id), 0))
	if len(left) == 0 {
		return b.Delete(carriedKey(id), nil)
	}
	return b.Set(carriedKey(id), appendCarried(nil, left), nil)
}

// linkBack deletes the other one's link with the key.
func (e *keyErasure) linkBack(b *pebble.Batch, rest []byte) error {
	other, _, err := cutByKind(rest)
	if err != nil {
		return err
	}
	back := linkKey(other, e.key)
	e.residue.add(back, append(slices.Clip(back), 0))
	return b.Delete(back, nil)
}
