package memory

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// cellSet is the state of some cells: of those with one key the greatest
// sequence.
type cellSet map[callgraph.CellKey]callgraph.Cell

func (s cellSet) add(cells []callgraph.Cell) {
	for _, c := range cells {
		if old, ok := s[c.CellKey]; !ok || c.Sequence > old.Sequence {
			s[c.CellKey] = c
		}
	}
}

// WriteCells implements storage.CellWriter.
func (b *Backend) WriteCells(ctx context.Context, cells []callgraph.Cell) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	byBucket := map[callgraph.Bucket][]callgraph.Cell{}
	for _, c := range cells {
		byBucket[c.Bucket] = append(byBucket[c.Bucket], c)
	}
	b.cells.Lock()
	defer b.cells.Unlock()
	for bucket, cs := range byBucket {
		if err := b.writeBucket(bucket, cs); err != nil {
			return fmt.Errorf("write %d cells of bucket %d: %w", len(cs), bucket.Start, err)
		}
	}
	return nil
}

// writeBucket writes the cells first and announces their version then: who
// reads the version finds the cells.
func (b *Backend) writeBucket(bucket callgraph.Bucket, cells []callgraph.Cell) error {
	field := place{bucket, hex(b.writer)}
	state := cellSet{}
	old, err := b.readBucket(field)
	if err != nil {
		return err
	}
	state.add(old)
	state.add(cells)
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(values(state)); err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	if err := b.commands.SetEx(cellsKey(field), b.options.EdgeRetention+time.Hour, buf.Bytes()); err != nil {
		return err
	}
	return b.announce(field)
}

// announce gives the place the writer's next version. Versions go on after a
// restart, so they are times.
func (b *Backend) announce(p place) error {
	now := time.Now()
	h := hourAt(now)
	if h != b.edgesHour {
		b.dropOldHours(h)
		b.edgesHour = h
	}
	b.version = max(b.version+1, uint64(now.UnixNano()))
	return b.commands.HSet(edgesKey(h), p.String(), strconv.AppendUint(nil, b.version, 10))
}

func (b *Backend) readBucket(p place) ([]callgraph.Cell, error) {
	v := b.commands.Get(cellsKey(p))
	if v == nil {
		return nil, nil
	}
	var cells []callgraph.Cell
	if err := gob.NewDecoder(bytes.NewReader(v)).Decode(&cells); err != nil {
		return nil, fmt.Errorf("decode %s: %w", cellsKey(p), err)
	}
	return cells, nil
}

// place is where one writer keeps the cells of one bucket.
type place struct {
	bucket callgraph.Bucket
	writer string
}

// String is the place's field in the hash of an hour.
func (p place) String() string {
	return fmt.Sprintf("%d:%d:%s", p.bucket.Start, p.bucket.Width, p.writer)
}

func parsePlace(s string) (p place, err error) {
	_, err = fmt.Sscanf(strings.Replace(s, ":", " ", 2), "%d %d %s", &p.bucket.Start, &p.bucket.Width, &p.writer)
	if err != nil {
		err = fmt.Errorf("parse place %q of cells: %w", s, err)
	}
	return p, err
}

func edgesKey(h hour) string { return fmt.Sprintf("edges:%d", h) }

func cellsKey(p place) string { return "cells:" + p.String() }

// places are all that were written within retention, with their versions.
func (b *Backend) places() (map[place]uint64, error) {
	all := map[place]uint64{}
	for _, h := range hours(b.options.EdgeRetention) {
		for field, v := range b.commands.HGetAll(edgesKey(h)) {
			p, err := parsePlace(field)
			if err != nil {
				return nil, err
			}
			version, err := strconv.ParseUint(string(v), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("parse version of %s: %w", field, err)
			}
			all[p] = max(all[p], version)
		}
	}
	return all, nil
}

func (b *Backend) lastVersion() (uint64, error) {
	places, err := b.places()
	var last uint64
	for p, v := range places {
		if p.writer == hex(b.writer) {
			last = max(last, v)
		}
	}
	return last, err
}

// Cells implements storage.CellReader.
func (b *Backend) Cells(ctx context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	places, err := b.places()
	if err != nil {
		return err
	}
	byBucket := map[callgraph.Bucket][]place{}
	for p := range places {
		if w.Contains(time.Unix(p.bucket.Start, 0)) {
			byBucket[p.bucket] = append(byBucket[p.bucket], p)
		}
	}
	for _, ps := range byBucket {
		if err := b.yieldPlaces(ctx, ps, yield); err != nil {
			return err
		}
	}
	return nil
}

// yieldPlaces merges what several writers keep of one bucket.
func (b *Backend) yieldPlaces(ctx context.Context, ps []place, yield func([]callgraph.Cell) error) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	state := cellSet{}
	for _, p := range ps {
		cells, err := b.readBucket(p)
		if err != nil {
			return err
		}
		state.add(cells)
	}
	if len(state) == 0 {
		return nil
	}
	return yield(values(state))
}

// Changes implements storage.CellReader. It yields the whole of each place
// that changed.
func (b *Backend) Changes(ctx context.Context, after storage.Cursor, yield func([]callgraph.Cell) error) (storage.Cursor, error) {
	if err := b.ready(ctx); err != nil {
		return after, err
	}
	places, err := b.places()
	if err != nil {
		return after, err
	}
	known := b.parseCursor(after)
	next := progress{}
	for p, version := range places {
		next[p.writer] = max(next[p.writer], known[p.writer], version)
		if version <= known[p.writer] {
			continue
		}
		if err := b.yieldPlaces(ctx, []place{p}, yield); err != nil {
			return after, err
		}
	}
	return b.cursor(next), nil
}

func values(s cellSet) []callgraph.Cell {
	cells := make([]callgraph.Cell, 0, len(s))
	for _, c := range s {
		cells = append(cells, c)
	}
	return cells
}
