package memory

import (
	"bytes"
	"cmp"
	"context"
	"encoding/gob"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/storage"
)

// name is one thing to search for.
type name struct {
	Service   callgraph.Service
	Operation storage.OperationName
}

// maxNames of one hour and writer; names beyond it can be searched for but are
// not listed.
const maxNames = 100_000

// names are those that a writer saw in an hour. Its owner's lock guards it.
type names struct {
	hour  hour
	seen  map[name]bool
	dirty bool
}

func namesKey(h hour, writer string) string { return fmt.Sprintf("names:%d:%s", h, writer) }

// load takes up the present hour where an earlier run left it.
func (n *names) load(b *Backend) error {
	n.enter(hourAt(time.Now()))
	ns, err := decodeNames(b.commands.Get(namesKey(n.hour, hex(b.writer))))
	for _, x := range ns {
		n.seen[x] = true
	}
	return err
}

func (n *names) add(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		service := calltree.ServiceOf(rs.Resource())
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				x := name{service, storage.OperationName{Name: s.Name(), Kind: s.Kind()}}
				if !n.seen[x] && len(n.seen) < maxNames {
					n.seen[x] = true
					n.dirty = true
				}
			}
		}
	}
}

// enter begins a new hour's names.
func (n *names) enter(h hour) {
	if h != n.hour {
		n.hour, n.seen = h, map[name]bool{}
	}
}

// save writes the names of the hour where there are new ones.
func (n *names) save(b *Backend) error {
	if !n.dirty {
		return nil
	}
	packed, err := encodeNames(slices.Collect(maps.Keys(n.seen)))
	if err != nil {
		return err
	}
	if err := b.commands.SetEx(namesKey(n.hour, hex(b.writer)), b.traceRetention(), packed); err != nil {
		return fmt.Errorf("write names: %w", err)
	}
	n.dirty = false
	return nil
}

// list returns the names that all writers saw within retention.
func (b *Backend) list(ctx context.Context) ([]name, error) {
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	var all []name
	for _, h := range hours(b.options.Retention) {
		for writer := range b.commands.HGetAll(spansKey(h)) {
			ns, err := decodeNames(b.commands.Get(namesKey(h, writer)))
			if err != nil {
				return nil, fmt.Errorf("read names of writer %s: %w", writer, err)
			}
			all = append(all, ns...)
		}
	}
	return all, nil
}

func encodeNames(ns []name) ([]byte, error) {
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(ns); err != nil {
		return nil, fmt.Errorf("encode names: %w", err)
	}
	return buf.Bytes(), nil
}

func decodeNames(b []byte) ([]name, error) {
	if b == nil {
		return nil, nil
	}
	var ns []name
	err := gob.NewDecoder(bytes.NewReader(b)).Decode(&ns)
	return ns, err
}

// Services implements storage.NameReader.
func (b *Backend) Services(ctx context.Context) ([]callgraph.Service, error) {
	all, err := b.list(ctx)
	var services []callgraph.Service
	for _, n := range all {
		services = append(services, n.Service)
	}
	slices.SortFunc(services, compareServices)
	return slices.Compact(services), err
}

func compareServices(x, y callgraph.Service) int {
	return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Environment, y.Environment))
}

// Operations implements storage.NameReader.
func (b *Backend) Operations(ctx context.Context, s callgraph.Service) ([]storage.OperationName, error) {
	all, err := b.list(ctx)
	var operations []storage.OperationName
	for _, n := range all {
		if serviceMatches(s, n.Service) {
			operations = append(operations, n.Operation)
		}
	}
	slices.SortFunc(operations, func(x, y storage.OperationName) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Kind, y.Kind))
	})
	return slices.Compact(operations), err
}
