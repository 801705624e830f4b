package storageextension

import (
	"cmp"
	"fmt"
	"time"

	"github.com/jcallgraph/jcallgraph/storage/memory"
)

// Defaults of the memory backend.
const (
	defaultMemoryRetention = 24 * time.Hour
	defaultMemorySize      = Size(256 << 20)
)

func (m *MemoryConfig) open() (opened, error) {
	retention := cmp.Or(m.Retention, defaultMemoryRetention)
	size := cmp.Or(m.MaxSize, defaultMemorySize)
	backend, err := memory.Open(memory.Options{Retention: retention, EdgeRetention: cmp.Or(m.EdgeRetention, retention), MaxBytes: int64(size)})
	if err != nil {
		return opened{}, err
	}
	return opened{backend, fmt.Sprintf("in memory, at most %s and %s; gone when the process ends", size, retention)}, nil
}
