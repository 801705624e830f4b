package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// residue is where old bytes of what was erased may lie.
type residue struct {
	interrupted bool        // an erasure before: its old bytes may be anywhere
	ranges      [][2][]byte // of keys
	texts       [][]byte    // that the list of tables may name as the ends of one
}

// maxHeldRanges bounds what a residue holds: beyond it, ranges are merged.
const maxHeldRanges = 1 << 12

func (r *residue) add(from, to []byte) {
	if len(r.ranges) >= maxHeldRanges {
		r.ranges = r.merged()
	}
	r.ranges = append(r.ranges, [2][]byte{from, to})
}

// begin takes over from an erasure that was interrupted.
func (s *Store) begin(r *residue) error {
	mark, err := s.value(metaKey(unclean))
	if err != nil || mark == nil {
		return err
	}
	r.interrupted = true
	r.add([]byte{prefixName}, prefixEnd(prefixName))
	r.add([]byte{prefixSegment}, prefixEnd(prefixSegment))
	r.add([]byte{prefixCarried}, prefixEnd(prefixCrowd))
	return nil
}

func (r *residue) text(b []byte) { r.texts = append(r.texts, b) }

// unclean is set from an erasure's first commit until its old bytes are gone: the
// next erasure cleans up after one that was interrupted.
const unclean = "unclean"

// maxRanges are compacted one by one; beyond it, all from the first to the last.
const maxRanges = 32

// clean makes the medium forget old bytes: deleting and overwriting only adds to
// it. First come the tables, then the logs, then the list of tables.
func (s *Store) clean(ctx context.Context, r *residue) error {
	if len(r.ranges) == 0 {
		return nil
	}
	s.files.fresh.Add(1)
	defer s.files.fresh.Add(-1)
	for _, step := range []func(context.Context, *residue) error{s.cleanTables, s.cleanLogs, s.cleanManifest} {
		if err := step(ctx, r); err != nil {
			return fmt.Errorf("erased, but old bytes are left on the medium until this is called again: %w", err)
		}
	}
	b := s.db.NewBatch()
	_ = b.Delete(metaKey(unclean), nil)
	return s.commit(b)
}

func (s *Store) cleanTables(ctx context.Context, r *residue) error {
	if err := s.guard(s.db.Flush); err != nil {
		return err
	}
	for _, x := range r.merged() {
		if err := s.guard(func() error { return s.db.Compact(ctx, x[0], x[1], false) }); err != nil {
			return err
		}
	}
	old, err := s.deadTables(nil)
	if err != nil {
		return err
	}
	return s.until(ctx, func() (bool, error) {
		old, err = s.deadTables(old)
		return len(old) == 0, err
	})
}

// merged are the ranges, those that touch as one.
func (r *residue) merged() (all [][2][]byte) {
	slices.SortFunc(r.ranges, func(a, b [2][]byte) int { return bytes.Compare(a[0], b[0]) })
	for _, x := range r.ranges {
		if n := len(all); n > 0 && (bytes.Compare(x[0], all[n-1][1]) <= 0 || n >= maxRanges) {
			if bytes.Compare(x[1], all[n-1][1]) > 0 {
				all[n-1][1] = x[1]
			}
			continue
		}
		all = append(all, x)
	}
	return all
}

// deadTables are the files of tables that the store does not use any more; of
// among, those that are still there.
func (s *Store) deadTables(among []string) ([]string, error) {
	levels, err := s.db.SSTables()
	if err != nil {
		return nil, err
	}
	names, err := s.files.List(s.options.Directory)
	if err != nil {
		return nil, err
	}
	live := map[string]bool{}
	for _, tables := range levels {
		for _, t := range tables {
			live[t.BackingSSTNum.String()+".sst"] = true
			live[fmt.Sprintf("%06d.sst", uint64(t.FileNum))] = true
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasSuffix(name, ".sst") || live[name] || (among != nil && !slices.Contains(among, name))
	}), nil
}

// until asks now and then whether something is so: Pebble deletes files when it
// finds the time, and once nobody reads them.
func (s *Store) until(ctx context.Context, so func() (bool, error)) error {
	ask := time.NewTicker(5 * time.Millisecond)
	defer ask.Stop()
	for {
		if ok, err := so(); ok || err != nil {
			return err
		}
		if err := errors.Join(ctx.Err(), s.gate.open(), s.failure.now()); err != nil {
			return err
		}
		<-ask.C
	}
}

// maxRotations is more than the logs that Pebble keeps to write over.
const maxRotations = 64

// cleanLogs begins new logs until those of before are gone.
func (s *Store) cleanLogs(ctx context.Context, _ *residue) error {
	old, err := s.listed(isLog, nil)
	for range maxRotations {
		if err != nil || len(old) == 0 {
			return err
		}
		if err = errors.Join(ctx.Err(), s.rotate()); err == nil {
			old, err = s.listed(isLog, old)
		}
	}
	return s.until(ctx, func() (bool, error) {
		old, err = s.listed(isLog, old)
		return len(old) == 0, err
	})
}

// listed are the files of a kind; of among, if that is not nil.
func (s *Store) listed(kind func(name string) bool, among []string) ([]string, error) {
	names, err := s.files.List(s.options.Directory)
	return slices.DeleteFunc(names, func(name string) bool {
		return !kind(name) || (among != nil && !slices.Contains(among, name))
	}), err
}

func isLog(name string) bool { return strings.HasSuffix(name, ".log") }

func isManifest(name string) bool { return strings.HasPrefix(name, "MANIFEST-") }

// rotate begins a new log, and adds to the list of tables.
func (s *Store) rotate() error {
	b := s.db.NewBatch()
	_ = b.Set(metaKey(unclean), nil, nil)
	if err := s.commit(b); err != nil {
		return err
	}
	return s.guard(s.db.Flush)
}

// maxManifestRotations bounds the tries to have the list of tables written anew:
// Pebble does that when there were more changes than tables.
const maxManifestRotations = 1 << 14

// cleanManifest has the list of tables written anew while it, or the one before,
// names what was erased as the end of a table.
func (s *Store) cleanManifest(ctx context.Context, r *residue) error {
	old, err := s.listed(isManifest, nil)
	for range maxManifestRotations {
		if err != nil {
			return err
		}
		named := r.interrupted && len(old) > 0
		if !named {
			named, err = s.manifestsName(r.texts)
		}
		if err != nil || !named {
			return err
		}
		if err := errors.Join(ctx.Err(), s.gate.open(), s.rotate()); err != nil {
			return err
		}
		old, err = s.listed(isManifest, old)
	}
	return errors.New("the list of tables was not written anew: close the store and open it twice")
}

func (s *Store) manifestsName(texts [][]byte) (bool, error) {
	if len(texts) == 0 {
		return false, nil
	}
	names, err := s.listed(isManifest, nil)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		named, err := s.manifestNames(name, texts)
		if named || err != nil {
			return named, err
		}
	}
	return false, nil
}

func (s *Store) manifestNames(name string, texts [][]byte) (bool, error) {
	f, err := s.files.Open(s.files.PathJoin(s.options.Directory, name))
	if err != nil {
		return false, nil // gone meanwhile
	}
	defer f.Close()
	records := record.NewReader(f, 0)
	for {
		r, err := records.Next()
		if err != nil {
			return false, nil // the end, or being written
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return false, nil
		}
		if slices.ContainsFunc(texts, func(text []byte) bool { return bytes.Contains(b, text) }) {
			return true, nil
		}
	}
}

// files are those of a store. Pebble writes new logs over old ones, which keep
// their old bytes behind; while fresh is not zero it gets new files instead.
type files struct {
	vfs.FS
	fresh atomic.Int32
}

// Unwrap implements vfs.FS.
func (f *files) Unwrap() vfs.FS { return f.FS }

// ReuseForWrite implements vfs.FS.
func (f *files) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if f.fresh.Load() == 0 {
		return f.FS.ReuseForWrite(old, name, category)
	}
	if err := f.Remove(old); err != nil {
		return nil, err
	}
	return f.Create(name, category)
}
