package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// mount gives the test a file system of its own.
func mount(t *testing.T, flags uintptr, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
		t.Skipf("needs the right to mount a file system: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

func TestStoreNotWritable(t *testing.T) {
	parent, cause := t.TempDir(), "must be writable"
	if os.Geteuid() == 0 { // whom no permission stops
		parent, cause = mount(t, syscall.MS_RDONLY, ""), "read-only file system"
	} else {
		require.NoError(t, os.Chmod(parent, 0o500))
	}
	store := filepath.Join(parent, "store")
	out := launch(t, store, collectortest.FreeOffset(t)).Fails()
	for _, part := range []string{store, cause, "JCG_DATA"} {
		require.Contains(t, out, part)
	}
}

// A full disk stops writes, not what was acknowledged before; room brings
// writes back, at the latest after a restart.
func TestDiskFull(t *testing.T) {
	store := mount(t, 0, "size=256m")
	r := start(t, store, patient(t)...)
	l := newLoad(t, r)
	l.until(t.Context(), func() { l.acknowledged(t, 20) })
	filler := fill(t, store)
	l.until(t.Context(), func() {
		r.Eventually("writes to be refused", func(ctx context.Context) error {
			n, err := r.Metric(ctx, "jcallgraph_storage_writes_failed", `reason="full"`)
			if err == nil && n == 0 {
				err = errors.New("none was")
			}
			return err
		})
	})

	require.NoError(t, os.Remove(filler))
	r.Stop(syscall.SIGTERM)
	again := r.restart()
	l.connect(t, again)
	l.finish(t)
	requireStored(t, again, l)
	requireCounted(t, again, l)
}

// fill leaves no room on the file system.
func fill(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	chunk := make([]byte, 64<<10)
	for err == nil {
		_, err = f.Write(chunk)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	return path
}

func TestStartOnAFullDisk(t *testing.T) {
	dir := mount(t, 0, "size=1m")
	fill(t, dir)
	store := filepath.Join(dir, "store")
	out := launch(t, store, collectortest.FreeOffset(t)).Fails()
	for _, part := range []string{store, "no space left on device", "make room on its disk", "JCG_DATA"} {
		require.Contains(t, out, part)
	}
}
