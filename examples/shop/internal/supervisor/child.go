package supervisor

import (
	"context"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	// grace is how long a process may take to end before it is killed.
	grace = 5 * time.Second
	// A process that dies comes back after firstDelay, then after twice as
	// long each time, up to lastDelay; one that lived for lastDelay starts over.
	firstDelay = 200 * time.Millisecond
	lastDelay  = 10 * time.Second
)

// group are goroutines with a common end.
type group struct {
	ctx    context.Context // begin and end are the group's life
	cancel context.CancelFunc
	wait   sync.WaitGroup
}

func (g *group) begin(ctx context.Context)          { g.ctx, g.cancel = context.WithCancel(ctx) }
func (g *group) run(work func(ctx context.Context)) { g.wait.Go(func() { work(g.ctx) }) }

func (g *group) end() {
	g.cancel()
	g.wait.Wait()
}

// keep runs a process again and again until ctx ends.
func (s *shop) keep(ctx context.Context, name string, start func(context.Context) *exec.Cmd) {
	for delay := firstDelay; ; delay = min(2*delay, lastDelay) {
		started := time.Now()
		err := runChild(start(ctx), syscall.SIGKILL)
		if ctx.Err() != nil {
			return
		}
		if time.Since(started) > lastDelay {
			delay = firstDelay
		}
		s.reportf("%s ended (%s), starting it again in %s", name, reason(err), delay)
		select {
		case <-ctx.Done():
			return
		case <-time.After(delay):
		}
	}
}

func reason(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// beside is what the command beside the shop gets when the shop is killed:
// it may have something to finish.
const beside = syscall.SIGTERM

// runChild runs the process to its end. The end of the command's context asks
// it to end; orphaned is the signal that it gets when this process dies.
func runChild(cmd *exec.Cmd, orphaned syscall.Signal) error {
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace
	cmd.SysProcAttr = childAttributes(orphaned)
	return cmd.Run()
}
