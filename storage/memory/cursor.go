package memory

import (
	"encoding/binary"
	"encoding/json"

	"github.com/jcallgraph/jcallgraph/storage"
)

// progress is the greatest version read of each writer.
type progress map[string]uint64

// mark is a cursor's content. Another server's cursor says nothing of this one.
type mark struct {
	Server string
	Read   progress
}

func (b *Backend) server() string { return hex(binary.BigEndian.Uint64(b.commands.Get("id"))) }

func (b *Backend) cursor(p progress) storage.Cursor {
	text, err := json.Marshal(mark{b.server(), p})
	if err != nil {
		return "" // can't be; the zero cursor is safe
	}
	return storage.Cursor(text)
}

// parseCursor returns no progress for the zero cursor and for any that this
// server did not make.
func (b *Backend) parseCursor(c storage.Cursor) progress {
	var m mark
	if json.Unmarshal([]byte(c), &m) != nil || m.Server != b.server() {
		return progress{}
	}
	return m.Read
}
