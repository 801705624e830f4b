package supervisor

import "syscall"

// childAttributes: a process group of its own, since Ctrl-C is for us to pass
// on; and a signal when we die, even by kill -9. The kernel ties that signal to
// the thread that started the child: Go ends none but those of goroutines that
// end while locked to theirs, and none of ours does.
func childAttributes(orphaned syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: orphaned}
}
