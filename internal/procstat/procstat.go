// Package procstat decides what a process cost: its processor time and the
// memory it held, as Linux's /proc tells them.
package procstat

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is USER_HZ, 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// Usage is what a process has used so far.
type Usage struct {
	CPU     time.Duration // user and system, of all threads
	PeakRSS int64         // greatest resident set, in bytes
	RSS     int64         // resident set now, in bytes
}

// Of reads the usage of a process.
func Of(pid int) (Usage, error) { return read("/proc", pid) }

func read(proc string, pid int) (u Usage, err error) {
	dir := filepath.Join(proc, strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return u, fmt.Errorf("read usage of process %d: %w", pid, err)
	}
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return u, fmt.Errorf("read usage of process %d: %w", pid, err)
	}
	if u.CPU, err = parseStat(stat); err != nil {
		return u, fmt.Errorf("read usage of process %d: %w", pid, err)
	}
	u.PeakRSS, u.RSS = memory(status, "VmHWM:"), memory(status, "VmRSS:")
	return u, nil
}

var errStat = errors.New("stat has another form than proc(5) says")

// parseStat reads utime and stime, fields 14 and 15. The command's name, field
// 2, stands in parentheses and may hold anything.
func parseStat(stat []byte) (time.Duration, error) {
	end := bytes.LastIndexByte(stat, ')')
	fields := strings.Fields(string(stat[end+1:]))
	const utime, stime = 14 - 3, 15 - 3
	if end < 0 || len(fields) <= stime {
		return 0, errStat
	}
	user, err := strconv.ParseInt(fields[utime], 10, 64)
	if err != nil {
		return 0, errStat
	}
	system, err := strconv.ParseInt(fields[stime], 10, 64)
	if err != nil {
		return 0, errStat
	}
	return time.Duration(user+system) * (time.Second / ticksPerSecond), nil
}

// memory is a line of status in bytes, 0 where there is none (a zombie has no
// memory).
func memory(status []byte, name string) int64 {
	_, rest, found := bytes.Cut(status, []byte("\n"+name))
	fields := strings.Fields(string(rest))
	if !found || len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}
