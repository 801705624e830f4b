//go:build !linux

package supervisor

import "syscall"

// childAttributes: only Linux tells children that we died by kill -9.
func childAttributes(syscall.Signal) *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
