package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/service"
)

// startWhole runs a shop with all of its processes and a command beside it,
// and returns them by what they are.
func startWhole(t *testing.T) (*process, map[string]int) {
	spans := newSink(t)
	p := start(t, "--collector", spans.address, "--gateway", "127.0.0.1:0", "--rate", "20", "--", "sleep", "1000")
	wanted := len(service.Roles) + 1
	if _, err := exec.LookPath("redis-server"); err == nil {
		wanted++
	}
	var children map[string]int
	p.eventually(func() bool {
		children = childrenOf(p.cmd.Process.Pid)
		return len(children) == wanted
	}, fmt.Sprint(wanted, " processes"))
	t.Cleanup(func() { // what a failed test left
		for _, pid := range children {
			if alive(pid) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	p.gateway()
	return p, children
}

// childrenOf are a process's children by the name of the role, else of the
// program.
func childrenOf(pid int) map[string]int {
	children := map[string]int{}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		content, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		for id := range strings.FieldsSeq(string(content)) {
			child, err := strconv.Atoi(id)
			if role := roleOf(child); err == nil && role != "" {
				children[role] = child
			}
		}
	}
	return children
}

// roleOf is empty for what has not yet become its own program.
func roleOf(pid int) string {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	args := strings.Split(string(content), "\x00")
	if args[0] != os.Args[0] && filepath.Base(args[0]) != filepath.Base(os.Args[0]) {
		return args[0]
	}
	if len(args) < 2 || args[1] == "up" {
		return ""
	}
	return args[1]
}

// alive reports whether a process runs: one that is dead and waits for its
// parent to hear of it does not.
func alive(pid int) bool {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	state := string(content[strings.LastIndexByte(string(content), ')')+1:])
	return !strings.HasPrefix(state, " Z") && !strings.HasPrefix(state, " X")
}

func allGone(children map[string]int) bool {
	for _, pid := range children {
		if alive(pid) {
			return false
		}
	}
	return true
}

func TestKillLeavesNothing(t *testing.T) {
	p, children := startWhole(t)
	p.signal(syscall.SIGKILL)
	p.eventually(func() bool { return allGone(children) }, "all processes end")
}

func TestTerminate(t *testing.T) {
	p, children := startWhole(t)
	p.signal(syscall.SIGTERM)
	require.True(t, allGone(children), "a process outlives its shop")
	require.NotContains(t, p.output.String(), "starting it again")
}

func TestDeadChildComesBack(t *testing.T) {
	p, children := startWhole(t)
	require.NoError(t, syscall.Kill(children[service.Order], syscall.SIGKILL))
	p.eventually(func() bool {
		again := childrenOf(p.cmd.Process.Pid)[service.Order]
		return again != 0 && again != children[service.Order]
	}, "order comes back")
	require.Contains(t, p.output.String(), "shop: order ended (signal: killed), starting it again in 200ms")
	code, body := request(t, http.MethodGet, p.gateway()+"/orders/lost-1", "")
	require.Equal(t, http.StatusNotFound, code, body) // the answer of the new one, over the old one's listener
}

func TestCommandEnds(t *testing.T) {
	p := start(t, "--collector", "127.0.0.1:1", "--gateway", "127.0.0.1:0", "--", "sh", "-c", "exit 7")
	p.awaitExit()
	require.Equal(t, 7, p.cmd.ProcessState.ExitCode(), p.output.String())
	p = start(t, "--collector", "127.0.0.1:1", "--gateway", "127.0.0.1:0", "--", "no-such-command")
	p.awaitExit()
	require.Equal(t, 1, p.cmd.ProcessState.ExitCode(), p.output.String())
	require.Contains(t, p.output.String(), "no-such-command")
}

func TestTakenPort(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { taken.Close() })
	p := start(t, "--collector", newSink(t).address, "--gateway", taken.Addr().String(), "--rate", "0")
	code, body := request(t, http.MethodGet, p.gateway()+"/products/SKU-1", "")
	require.Equal(t, http.StatusOK, code, body)
	require.Contains(t, p.output.String(), "gateway cannot listen on "+taken.Addr().String()+", takes a free port")
}
