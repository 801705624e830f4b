package storage

import (
	"fmt"
	"hash/fnv"
)

type named interface {
	comparable
	fmt.Stringer
}

// Find is the backend that a component names in its fields storage, which is an
// extension, and backend, which is one of that extension's. It knows no
// collector, and takes the extensions as a collector's host has them.
func Find[ID named, Extension any](extensions map[ID]Extension, id ID, name string) (Backend, error) {
	extension, ok := extensions[id]
	if !ok {
		return nil, fmt.Errorf("storage: there is no extension %q; add it to service::extensions", id)
	}
	backends, ok := any(extension).(Backends)
	if !ok {
		return nil, fmt.Errorf("storage: extension %q keeps no backends; name one of type call_graph_storage", id)
	}
	backend, err := backends.Backend(name)
	if err != nil {
		return nil, fmt.Errorf("backend: %w", err)
	}
	return backend, nil
}

// WriterIDOf is the store's writer ID, told apart by a component's name where it
// has one: the same after each restart.
func WriterIDOf(store Checkpoints, name string) uint64 {
	id := store.WriterID()
	if name != "" {
		h := fnv.New64a()
		h.Write([]byte(name))
		id ^= h.Sum64()
	}
	return id
}
