package memory

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

// evidenceDays is the hash of the days that there is evidence of.
const evidenceDays = "evidence"

func evidenceKey(day int64) string { return fmt.Sprintf("evidence:%d", day) }

func evidenceField(k strength.Key) string {
	return fmt.Sprintf("%x:%x:%d", uint64(k.Site), k.Writer, k.Source)
}

// WriteEvidence implements storage.EvidenceWriter.
func (b *Backend) WriteEvidence(ctx context.Context, records []strength.Record) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	if err := b.dropOldEvidence(); err != nil {
		return err
	}
	for i := range records {
		r := &records[i]
		if err := b.commands.HSet(evidenceDays, strconv.FormatInt(r.Day, 10), nil); err != nil {
			return fmt.Errorf("write evidence of %d sites: %w", len(records), err)
		}
		if err := b.commands.HSet(evidenceKey(r.Day), evidenceField(r.Key), r.Append(nil)); err != nil {
			return fmt.Errorf("write evidence of %d sites: %w", len(records), err)
		}
	}
	return nil
}

// days with evidence within two days, rising.
func (b *Backend) evidenceDays(from, to int64) (ds []int64, err error) {
	for field := range b.commands.HGetAll(evidenceDays) {
		d, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read days of evidence: %w", err)
		}
		if from <= d && d <= to {
			ds = append(ds, d)
		}
	}
	slices.Sort(ds)
	return ds, nil
}

func (b *Backend) oldestEvidence() int64 {
	return strength.DayOf(time.Now().Add(-b.options.EdgeRetention))
}

func (b *Backend) dropOldEvidence() error {
	old, err := b.evidenceDays(math.MinInt64, b.oldestEvidence()-1)
	for _, d := range old {
		b.commands.Del(evidenceKey(d))
		b.commands.HDel(evidenceDays, strconv.FormatInt(d, 10))
	}
	return err
}

// Evidence implements storage.EvidenceReader.
func (b *Backend) Evidence(ctx context.Context, q storage.EvidenceQuery, yield func([]strength.Record) error) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	ds, err := b.evidenceDays(max(q.FromDay, b.oldestEvidence()), q.ToDay)
	if err != nil {
		return err
	}
	for _, d := range ds {
		records, err := b.evidenceOf(d, q)
		if err != nil {
			return err
		}
		if err := b.ready(ctx); err != nil {
			return err
		}
		if len(records) == 0 {
			continue
		}
		if err := yield(records); err != nil {
			return err
		}
	}
	return nil
}

func (b *Backend) evidenceOf(d int64, q storage.EvidenceQuery) (records []strength.Record, err error) {
	for field, packed := range b.commands.HGetAll(evidenceKey(d)) {
		r, err := strength.ParseRecord(packed)
		if err != nil {
			return nil, fmt.Errorf("read evidence %s of day %d: %w", field, d, err)
		}
		if (q.Writer == 0 || q.Writer == r.Writer) && (q.Sites == nil || slices.Contains(q.Sites, r.Key.Site)) {
			records = append(records, r)
		}
	}
	return records, nil
}
