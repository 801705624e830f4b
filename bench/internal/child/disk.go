package child

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// DiskBytes is what the files below a folder occupy, holes left out.
func DiskBytes(folder string) (n int64, err error) {
	err = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		const block = 512 // stat(2): whatever the file system's blocks are
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			n += stat.Blocks * block
		} else {
			n += info.Size()
		}
		return nil
	})
	if err != nil {
		return n, fmt.Errorf("measure %s: %w", folder, err)
	}
	return n, nil
}

// Fsync is how long it takes to append 4 KiB to a file and make it durable.
type Fsync struct{ Median, P99 time.Duration }

// MeasureFsync tries it n times in a folder.
func MeasureFsync(folder string, n int) (Fsync, error) {
	f, err := os.Create(filepath.Join(folder, "fsync"))
	if err != nil {
		return Fsync{}, fmt.Errorf("measure fsync: %w", err)
	}
	defer func() {
		f.Close()
		_ = os.Remove(f.Name()) // the folder is temporary
	}()
	took := make([]time.Duration, n)
	page := make([]byte, 4<<10)
	for i := range took {
		start := time.Now()
		if _, err := f.Write(page); err != nil {
			return Fsync{}, fmt.Errorf("measure fsync: %w", err)
		}
		if err := f.Sync(); err != nil {
			return Fsync{}, fmt.Errorf("measure fsync: %w", err)
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return Fsync{took[n/2], took[n*99/100]}, nil
}
