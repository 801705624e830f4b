package query

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// sighted is a chain of a logical chain, with all keys that it carries.
type sighted struct {
	callgraph.Sighting
	keys []callgraph.ChainKey
}

func placeOf(s callgraph.Sighting) storage.Place {
	return storage.Place{Start: s.Start.UnixNano(), TraceID: s.TraceID}
}

func (s sighted) place() storage.Place { return placeOf(s.Sighting) }

func comparePlaces(a, b storage.Place) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), bytes.Compare(a.TraceID[:], b.TraceID[:]))
}

// eachSighting visits the chains behind a cursor by rising place, each once: one
// that carries several of the followed keys belongs to the first of them. More
// is true where visit has refused one.
func (s *Server) eachSighting(ctx context.Context, x keySearch, visit func(sighted) (bool, error)) (more bool, err error) {
	for after := x.after.place; ; {
		batch, last, err := s.sightings(ctx, x.network.followed, after, x.limit+1)
		if err != nil {
			return false, err
		}
		for _, found := range batch {
			keys, err := s.options.Backend.KeysOf(ctx, found.TraceID)
			if err != nil {
				return false, fmt.Errorf("keys of trace %s: %w", pcommon.TraceID(found.TraceID), err)
			}
			if owner(x.network.followed, keys, found.Key) != found.Key {
				continue
			}
			if goOn, err := visit(sighted{found, keys}); err != nil || !goOn {
				return true, err
			}
		}
		if last == after {
			return false, nil
		}
		after = last
	}
}

// owner is the first of the followed keys that a chain carries.
func owner(followed, carried []callgraph.ChainKey, otherwise callgraph.ChainKey) callgraph.ChainKey {
	for _, key := range followed {
		if slices.Contains(carried, key) {
			return key
		}
	}
	return otherwise
}

// sightings are those of all keys behind a place, in order, as far as all of
// them are known: up to last, which is the place itself at the end.
func (s *Server) sightings(ctx context.Context, keys []callgraph.ChainKey, after storage.Place, limit int) (all []callgraph.Sighting, last storage.Place, err error) {
	cut := false
	for _, key := range keys {
		found, err := s.options.Backend.Sightings(ctx, key, after, limit)
		if err != nil {
			return nil, after, fmt.Errorf("chains of %s: %w", key, err)
		}
		all = append(all, found...)
		if len(found) < limit {
			continue
		}
		if p := placeOf(found[len(found)-1]); !cut || comparePlaces(p, last) < 0 {
			cut, last = true, p
		}
	}
	slices.SortStableFunc(all, func(a, b callgraph.Sighting) int { return comparePlaces(placeOf(a), placeOf(b)) })
	if !cut {
		return all, after, nil
	}
	return slices.DeleteFunc(all, func(f callgraph.Sighting) bool { return comparePlaces(placeOf(f), last) > 0 }), last, nil
}

// keyCursor is where a page of a logical chain ended. The zero value is before all.
type keyCursor struct {
	place    storage.Place
	end      pcommon.Timestamp    // the latest of all chains before; 0: none is known
	followed []callgraph.StaticID // hashes of the keys that the first page followed
}

const (
	keyCursorVersion = 1
	keyCursorFixed   = 1 + 8 + 16 + 8
)

func (c keyCursor) String() string {
	b := []byte{keyCursorVersion}
	b = binary.BigEndian.AppendUint64(b, uint64(c.place.Start))
	b = append(b, c.place.TraceID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.end))
	for _, hash := range c.followed {
		b = binary.BigEndian.AppendUint64(b, uint64(hash))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// keyCursor reads one; without one, the zero cursor.
func (p *parameters) keyCursor(name string) (c keyCursor) {
	value := p.text(name)
	if value == "" {
		return c
	}
	c, ok := parseKeyCursor(value)
	if !ok {
		p.refuse(name, value, "must be the cursor of an answer before")
	}
	return c
}

func parseKeyCursor(text string) (c keyCursor, ok bool) {
	const most = keyCursorFixed + 8*maxFollowed
	if len(text) > base64.RawURLEncoding.EncodedLen(most) {
		return c, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) <= keyCursorFixed || (len(b)-keyCursorFixed)%8 != 0 || b[0] != keyCursorVersion {
		return c, false
	}
	c.place = storage.Place{Start: int64(binary.BigEndian.Uint64(b[1:])), TraceID: pcommon.TraceID(b[9:25])}
	c.end = pcommon.Timestamp(binary.BigEndian.Uint64(b[25:]))
	for b = b[keyCursorFixed:]; len(b) > 0; b = b[8:] {
		c.followed = append(c.followed, callgraph.StaticID(binary.BigEndian.Uint64(b)))
	}
	return c, true
}
