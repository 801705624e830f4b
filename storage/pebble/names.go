package pebble

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// nameBytes is how long the listed names may be on average, by MaxNames.
const nameBytes = 256

// names are the operations that spans named, with the hour of arrival in which
// they were seen last. All are in memory.
type names struct {
	mu      sync.RWMutex
	seen    map[segment.Name]int64
	bytes   int // of seen
	most    int
	refused *counter
}

func (n *names) full(more int, x segment.Name) bool {
	return len(n.seen)+more >= n.most || n.bytes+sizeOf(x) > n.most*nameBytes
}

func sizeOf(x segment.Name) int {
	return len(x.Environment) + len(x.Namespace) + len(x.Service) + len(x.Operation)
}

// put adds to the batch what the encoder's spans name anew, and returns it.
func (n *names) put(b *pebble.Batch, e *segment.Encoder, arrival int64) []namedAt {
	hour := hourOf(arrival)
	var fresh []namedAt
	n.mu.RLock()
	defer n.mu.RUnlock()
	e.Names(func(x segment.Name) {
		seen, known := n.seen[x]
		switch {
		case known && seen >= hour:
			return
		case !known && n.full(len(fresh), x):
			n.refused.Add(1)
			return
		}
		x = cloneName(x)
		fresh = append(fresh, namedAt{x, hour})
		_ = b.Set(nameKey(x), binary.AppendVarint(nil, hour), nil)
	})
	return fresh
}

type namedAt struct {
	name segment.Name
	hour int64
}

// cloneName frees a name from the request that it points into.
func cloneName(x segment.Name) segment.Name {
	x.Environment, x.Namespace = strings.Clone(x.Environment), strings.Clone(x.Namespace)
	x.Service, x.Operation = strings.Clone(x.Service), strings.Clone(x.Operation)
	return x
}

// keep remembers what was put, once it is durable.
func (n *names) keep(fresh []namedAt) {
	if len(fresh) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, x := range fresh {
		n.see(x.name, x.hour)
	}
}

func (n *names) see(x segment.Name, hour int64) {
	seen, known := n.seen[x]
	if !known {
		n.bytes += sizeOf(x)
	}
	n.seen[x] = max(seen, hour)
}

// nameKey is the kind, then the four names with their lengths.
func nameKey(x segment.Name) []byte {
	key := []byte{prefixName}
	key = binary.AppendVarint(key, int64(x.Kind))
	for _, s := range []string{x.Environment, x.Namespace, x.Service, x.Operation} {
		key = binary.AppendUvarint(key, uint64(len(s)))
		key = append(key, s...)
	}
	return key
}

func readNameKey(key []byte) (x segment.Name, ok bool) {
	r := bytes.NewReader(key[1:])
	kind, err := binary.ReadVarint(r)
	x.Kind, ok = int32(kind), err == nil
	for _, s := range []*string{&x.Environment, &x.Namespace, &x.Service, &x.Operation} {
		n, err := binary.ReadUvarint(r)
		if err != nil || n > uint64(r.Len()) {
			return x, false
		}
		from := len(key) - r.Len()
		*s = string(key[from : from+int(n)])
		_, _ = r.Seek(int64(n), 1)
	}
	return x, ok && r.Len() == 0
}

func (s *Store) loadNames() error {
	s.names = &names{seen: map[segment.Name]int64{}, most: s.options.MaxNames, refused: &s.stats.namesRefused}
	return s.scan([]byte{prefixName}, prefixEnd(prefixName), func(key, value []byte) error {
		x, ok := readNameKey(key)
		hour, n := binary.Varint(value)
		if ok && n > 0 {
			s.names.see(x, hour)
		}
		return nil
	})
}

// forget drops names that were not seen since an hour of arrival.
func (n *names) forget(b *pebble.Batch, before int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for x, hour := range n.seen {
		if hour < before {
			_ = b.Delete(nameKey(x), nil)
			delete(n.seen, x)
			n.bytes -= sizeOf(x)
		}
	}
}

// Services implements storage.NameReader.
func (s *Store) Services(context.Context) ([]callgraph.Service, error) {
	if err := s.gate.enter(); err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	defer s.gate.leave()
	found := map[callgraph.Service]struct{}{}
	s.names.each(func(x segment.Name) {
		found[serviceOf(x)] = struct{}{}
	})
	return sorted(found, func(a, b callgraph.Service) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Namespace, b.Namespace))
	}), nil
}

func (n *names) each(yield func(segment.Name)) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for x := range n.seen {
		yield(x)
	}
}

func serviceOf(x segment.Name) callgraph.Service {
	return callgraph.Service{Environment: x.Environment, Namespace: x.Namespace, Name: x.Service}
}

// Operations implements storage.NameReader.
func (s *Store) Operations(_ context.Context, service callgraph.Service) ([]storage.OperationName, error) {
	if err := s.gate.enter(); err != nil {
		return nil, fmt.Errorf("list operations: %w", err)
	}
	defer s.gate.leave()
	found := map[storage.OperationName]struct{}{}
	s.names.each(func(x segment.Name) {
		if x.Service == service.Name && accepts(service.Environment, x.Environment) && accepts(service.Namespace, x.Namespace) {
			found[storage.OperationName{Name: x.Operation, Kind: ptrace.SpanKind(x.Kind)}] = struct{}{}
		}
	})
	return sorted(found, func(a, b storage.OperationName) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
	}), nil
}

func accepts(wanted, got string) bool { return wanted == "" || wanted == got }

func sorted[T comparable](set map[T]struct{}, compare func(a, b T) int) []T {
	list := make([]T, 0, len(set))
	for x := range set {
		list = append(list, x)
	}
	slices.SortFunc(list, compare)
	return list
}
