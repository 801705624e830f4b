package pebble

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// crashes keeps what the medium would have after a crash before each sync of the log.
type crashes struct {
	fs     *vfs.MemFS
	mu     sync.Mutex
	armed  bool
	clones []*vfs.MemFS
}

func (c *crashes) String() string { return "crashes" }

// MaybeError implements errorfs.Injector.
func (c *crashes) MaybeError(op errorfs.Op) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.armed && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData) && strings.HasSuffix(op.Path, ".log") {
		c.clones = append(c.clones, c.fs.CrashClone(vfs.CrashCloneCfg{}))
	}
	return nil
}

func (c *crashes) arm(armed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = armed
}

// manyTraces of a key, each with another key of its own.
const manyTraces = 3000

func sightMany(t testing.TB, s *Store) {
	t.Helper()
	var all []callgraph.Sighting
	for n := range manyTraces {
		id := pcommon.TraceID{0: 1}
		binary.BigEndian.PutUint32(id[8:], uint32(n)+1)
		other := callgraph.ChainKey{Kind: "item", Value: string(binary.BigEndian.AppendUint32(nil, uint32(n)))}
		start := time.Unix(1_800_000_000, int64(n))
		all = append(all, callgraph.Sighting{Key: secret, TraceID: id, Start: start}, callgraph.Sighting{Key: other, TraceID: id, Start: start})
	}
	require.NoError(t, s.WriteSightings(t.Context(), all))
}

// TestACrashHalfThroughAKey leaves what can be found and erased, after whichever
// of the commits it comes.
func TestACrashHalfThroughAKey(t *testing.T) {
	c := &crashes{fs: vfs.NewCrashableMem()}
	s := openStore(t, Options{Directory: "store", fs: errorfs.Wrap(c.fs, c)})
	sightMany(t, s)
	c.arm(true)
	require.NoError(t, s.eraseRows(t.Context(), secret, &residue{}))
	c.arm(false)
	require.Greater(t, len(c.clones), 5, "so many commits")
	left := manyTraces
	for _, fs := range c.clones {
		s := openStore(t, Options{Directory: "store", fs: fs})
		now := carriers(t, s)
		require.LessOrEqual(t, now, left)
		require.Greater(t, now, left-manyTraces/2, "bounded")
		left = now
		found, err := s.FindKeys(t.Context(), secret.Kind, secret.Value, 10)
		require.NoError(t, err)
		require.Equal(t, []callgraph.ChainKey{secret}, found)
		require.NoError(t, s.EraseKey(t.Context(), secret))
		requireNoRowHas(t, s, secret.Value)
		require.Empty(t, filesWith(t, s, []byte(secret.Value[6:])))
	}
	require.Less(t, left, manyTraces/2)
	require.NoError(t, s.EraseKey(t.Context(), secret))
	requireNoRowHas(t, s, secret.Value)
}

// carriers are how many traces carry the key, both ways of looking at it.
func carriers(t testing.TB, s *Store) (n int) {
	t.Helper()
	sightings, err := s.Sightings(t.Context(), secret, storage.Place{}, manyTraces)
	require.NoError(t, err)
	require.NoError(t, s.scan([]byte{prefixCarried}, prefixEnd(prefixCarried), func(_, value []byte) error {
		all, err := readCarried(value)
		for _, c := range all {
			if c.key == secret {
				n++
			}
		}
		return err
	}))
	require.Len(t, sightings, n)
	return n
}

// requireNoRowHas looks into all rows but those of segments, which are packed.
func requireNoRowHas(t testing.TB, s *Store, text string) {
	t.Helper()
	require.NoError(t, s.scan([]byte{0}, []byte{0xff}, func(key, value []byte) error {
		require.NotContains(t, string(bytes.Join([][]byte{key, value}, nil)), text)
		return nil
	}))
}

// TestLinksMadeWhileAKeyIsErased go with the key: a trace that still carries it
// may be told another one between two commits.
func TestLinksMadeWhileAKeyIsErased(t *testing.T) {
	s := openStore(t, Options{})
	sightMany(t, s)
	e := s.newKeyErasure(secret, &residue{})
	first := pcommon.TraceID{0: 1, 11: 1}
	last := pcommon.TraceID{0: 1, 10: manyTraces >> 8, 11: manyTraces & 0xff}
	for n, more := byte(0), true; more; n++ {
		var err error
		more, err = e.step()
		require.NoError(t, err)
		for i, id := range []pcommon.TraceID{first, last} {
			if more {
				late := callgraph.ChainKey{Kind: "late", Value: string([]byte{'a' + n, 'a' + byte(i)})}
				require.NoError(t, s.WriteSightings(t.Context(), []callgraph.Sighting{{Key: late, TraceID: id, Start: time.Unix(1_800_000_001, 0)}}))
			}
		}
	}
	requireNoRowHas(t, s, secret.Value)
	keys, err := s.KeysOf(t.Context(), last)
	require.NoError(t, err)
	require.Greater(t, len(keys), 5)
}

// TestAResidueIsBounded however much is erased.
func TestAResidueIsBounded(t *testing.T) {
	var r residue
	for n := range 3 * maxHeldRanges {
		r.add(numberKey(prefixSegment, uint64(7*n)), numberKey(prefixSegment, uint64(7*n+1)))
	}
	require.LessOrEqual(t, len(r.ranges), maxHeldRanges+maxRanges)
	all := r.merged()
	require.LessOrEqual(t, len(all), maxRanges)
	for n := range 3 * maxHeldRanges {
		row := numberKey(prefixSegment, uint64(7*n))
		covered := false
		for _, x := range all {
			covered = covered || bytes.Compare(x[0], row) <= 0 && bytes.Compare(row, x[1]) < 0
		}
		require.True(t, covered)
	}
}

// TestLinksAreFoundUntilTheyAreGone though more are made before the last commit
// than go in one.
func TestLinksAreFoundUntilTheyAreGone(t *testing.T) {
	s := openStore(t, Options{})
	sightMany(t, s)
	e := s.newKeyErasure(secret, &residue{})
	for more, late := true, false; more; {
		var err error
		more, err = e.step()
		require.NoError(t, err)
		found, err := s.FindKeys(t.Context(), secret.Kind, secret.Value, 1)
		require.NoError(t, err)
		links, err := s.Links(t.Context(), secret, 1)
		require.NoError(t, err)
		require.False(t, len(links) > 0 && len(found) == 0)
		left, err := s.Sightings(t.Context(), secret, storage.Place{}, manyTraces)
		require.NoError(t, err)
		if !late && len(left) < 400 {
			late = true
			sightLate(t, s, left[len(left)-100:])
		}
	}
	requireNoRowHas(t, s, secret.Value)
}

// sightLate gives each of some traces as many keys as are linked one by one.
func sightLate(t testing.TB, s *Store, traces []callgraph.Sighting) {
	t.Helper()
	var all []callgraph.Sighting
	for i, x := range traces {
		for n := range linkedKeys - 2 {
			x.Key = callgraph.ChainKey{Kind: "late", Value: fmt.Sprintf("%d of %d, and as long as keys may well be", n, i)}
			all = append(all, x)
		}
	}
	require.NoError(t, s.WriteSightings(t.Context(), all))
}
