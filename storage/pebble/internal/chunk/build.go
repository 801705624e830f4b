package chunk

import (
	"slices"

	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// Tables are the parts of a chunk beside its directory.
type Tables struct {
	Terms, Traces [Shards][]byte
	Classes       []byte
}

// Build indexes segments; their places in the slice are their names.
func Build(segments []*segment.Index) (*Tables, error) {
	terms := termPostings(segments)
	classes := buildClasses(segments, terms)
	l := newLists()
	runs(terms, func(hash uint32, segs []uint32) {
		if classes.isCommon(hash) {
			segs = nil
		}
		l.add(hash, segs)
	})
	table, err := classes.encode()
	if err != nil {
		return nil, err
	}
	return &Tables{Terms: l.shards, Traces: traceLists(segments), Classes: table}, nil
}

func termPostings(segments []*segment.Index) []posting {
	var all []posting
	for n, x := range segments {
		for _, t := range x.Terms {
			all = append(all, posting(uint64(t)<<32|uint64(n)))
		}
	}
	slices.Sort(all)
	return all
}

func traceLists(segments []*segment.Index) [Shards][]byte {
	var all []posting
	for n, x := range segments {
		for _, id := range x.Traces {
			all = append(all, posting(uint64(id)<<32|uint64(n)))
		}
	}
	slices.Sort(all)
	l := newLists()
	runs(all, l.add)
	return l.shards
}
