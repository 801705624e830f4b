package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"sync/atomic"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
)

// process is what the messages of one client have in common.
type process struct {
	service string
	key     uint64 // of span IDs
	spans   atomic.Uint64
	lanes   uint64
}

func newProcess(number int) *process {
	return &process{service: fmt.Sprintf("service-%d", number), key: uint64(number) * 0x9e3779b97f4a7c15}
}

const maxPadding = 512

// message is one span of one operation, as long as the paper's messages. It
// implements wire.Source.
type message struct {
	*process
	random  *rand.Rand
	number  uint64
	padding int
	letters [maxPadding]byte
}

func (p *process) message(padding int) *message {
	p.lanes++
	return &message{process: p, padding: padding, random: rand.New(rand.NewPCG(p.key, p.lanes))} //nolint:gosec // the same in each run
}

// next makes the message another one.
func (m *message) next() *message {
	m.number = m.spans.Add(1)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range m.padding {
		m.letters[i] = alphabet[m.random.Uint32()&63]
	}
	return m
}

// Len implements wire.Source.
func (m *message) Len() int { return 1 }

// Place implements wire.Source.
func (m *message) Place(int) (traceID [16]byte, start, end uint64) {
	now := time.Unix(1_764_000_000, int64(m.number)*1_000_003)
	traceID = callgraph.BornShort(now.UnixMilli(), callgraph.ShortID(m.number*2_654_435_761))
	start = uint64(now.UnixNano())
	return traceID, start, start + 1_000_000 + m.number*7919%1_000_000
}

// Span implements wire.Source.
func (m *message) Span(_ int, into *wire.SourceSpan) {
	into.TraceID, into.Start, into.End = m.Place(0)
	into.SpanID = callgraph.SpanIDOf(m.key, m.number)
	binary.BigEndian.PutUint64(into.ParentID[:], m.number*0x9e3779b97f4a7c15)
	into.Fields = [len(into.Fields)]wire.Value{}
	into.Fields[wire.SpanName] = wire.StringValue("shop.Cart/Add")
	into.Fields[wire.SpanKind] = wire.IntValue(2)
	into.Attributes = append(into.Attributes[:0],
		wire.Attribute{Key: "context", Value: wire.StringValue(string(m.letters[:m.padding]))},
		wire.Attribute{Key: "rpc.system", Value: wire.StringValue("grpc")})
	into.Parts = into.Parts[:0]
}

// Scope implements wire.Source.
func (m *message) Scope(_ int, into *wire.SourceScope) {
	*into = wire.SourceScope{ResourceAttributes: append(into.ResourceAttributes[:0], wire.Attribute{Key: "service.name", Value: wire.StringValue(m.service)})}
}

// paddingFor is with how many letters frames have the size, on average.
func paddingFor(size int) (int, error) {
	var wrong error
	padding := sort.Search(maxPadding, func(padding int) bool {
		n, err := sizeWith(padding)
		wrong = errors.Join(wrong, err)
		return n >= size
	})
	n, err := sizeWith(padding)
	if err == nil && wrong == nil && max(n-size, size-n) > size/20 {
		err = fmt.Errorf("no message has %d bytes, but %d", size, n)
	}
	return padding, errors.Join(wrong, err)
}

// sizeWith is the average size of frames, once the stream has learned.
func sizeWith(padding int) (int, error) {
	const learning, frames = 200, 100
	m, e := newProcess(1).message(padding), wire.NewEncoder()
	bytes := 0
	for i := range learning + frames {
		made, err := e.Encode(m.next())
		if err != nil {
			return 0, fmt.Errorf("encode a message: %w", err)
		}
		if i >= learning {
			bytes += len(made[0].Bytes)
		}
	}
	return bytes / frames, nil
}
