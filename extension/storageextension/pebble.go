package storageextension

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"

	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

// Defaults of the Pebble backend.
const (
	defaultPebbleRetention = 168 * time.Hour
	defaultPebbleSize      = Size(10 << 30)
)

func (p *PebbleConfig) open(logger *zap.Logger) (opened, error) {
	dir, err := p.directory()
	if err != nil {
		return opened{}, err
	}
	retention := cmp.Or(p.Retention, defaultPebbleRetention)
	size := cmp.Or(p.MaxSize, defaultPebbleSize)
	store, err := pebble.Open(pebble.Options{
		Directory:     dir,
		Retention:     retention,
		EdgeRetention: cmp.Or(p.EdgeRetention, retention),
		MaxBytes:      int64(size),
		Logger:        slog.New(zapslog.NewHandler(logger.Core())),
	})
	if err != nil {
		return opened{}, advised(err)
	}
	return opened{store, fmt.Sprintf("folder %s, at most %s and %s old; to wipe it, stop the process and rm -r %s", dir, size, inDays(retention), dir)}, nil
}

// inDays is as people say it, where it is whole days.
func inDays(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "1 day"
	case d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

// advised adds what a person can do about a folder that can't be opened.
func advised(err error) error {
	const elsewhere = "directory or " + envData + " names another folder"
	if errors.Is(err, storage.ErrFull) {
		return fmt.Errorf("%w: make room on its disk; %s", err, elsewhere)
	}
	return fmt.Errorf("%w; %s", err, elsewhere)
}
