package pebble

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"syscall"

	"github.com/jcallgraph/jcallgraph/storage"
)

// failure keeps why the store can't go on. It is Pebble's logger, too: Pebble
// means to end the process when it can't write; here the goroutine ends, the
// store fails all that comes after, and the process goes on.
type failure struct {
	directory string
	logger    *slog.Logger
	once      sync.Once
	broken    chan struct{} // closed with the failure
	err       error         // set before broken is closed
}

func newFailure(directory string, logger *slog.Logger) *failure {
	return &failure{directory: directory, logger: logger, broken: make(chan struct{})}
}

// now is the failure, nil while there is none.
func (f *failure) now() error {
	select {
	case <-f.broken:
		return f.err
	default:
		return nil
	}
}

func (f *failure) set(cause error) {
	f.once.Do(func() {
		f.err = fmt.Errorf("store %s stopped, restart the process once this is mended: %w", f.directory, full(cause))
		f.logger.Error("store stopped", "directory", f.directory, "error", cause)
		close(f.broken)
	})
}

// full marks an error that says that the medium has no room.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", storage.ErrFull, err)
	}
	return err
}

// Infof drops what Pebble tells of its routine.
func (f *failure) Infof(string, ...any) {}

// Errorf logs what Pebble goes on after.
func (f *failure) Errorf(format string, args ...any) {
	f.logger.Warn(fmt.Sprintf(format, args...), "directory", f.directory)
}

// Fatalf never returns, as Pebble expects.
func (f *failure) Fatalf(format string, args ...any) {
	f.set(fatal(format, args))
	runtime.Goexit()
}

// fatal keeps the error among the arguments, so that its cause can be told.
func fatal(format string, args []any) error {
	for i, a := range args {
		if err, ok := a.(error); ok {
			args[i] = err.Error()
			return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
		}
	}
	return fmt.Errorf(format, args...)
}
