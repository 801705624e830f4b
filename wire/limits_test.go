package wire

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEpochsEndWhenFull sends more keys than an epoch has room for, in batches
// that begin in one epoch and end in another.
func TestEpochsEndWhenFull(t *testing.T) {
	e, d := NewEncoder(), NewDecoder()
	spans, most := 0, 0
	for n := range 80 {
		b := spansOf(20)
		for i := range b {
			for k := range 10 {
				b[i].Attributes = append(b[i].Attributes, Attribute{fmt.Sprint("key ", n, i, k), IntValue(1)})
			}
		}
		for _, frame := range encodeWith(t, e, b) {
			var c counted
			require.NoError(t, d.Decode(frame, &c))
			require.Equal(t, c.spans, d.Spans())
			require.GreaterOrEqual(t, d.Decoded(), c.size)
			spans += c.spans
			most = max(most, d.StateSize())
		}
	}
	require.Equal(t, 80*20, spans)
	require.Greater(t, e.Resets(), uint64(1))
	require.Equal(t, e.Resets(), d.Resets())
	require.Less(t, most, MaxHeld)
}

// TestSpansThatNothingHasRoomFor are left out; the others go on.
func TestSpansThatNothingHasRoomFor(t *testing.T) {
	nested := StringValue("end")
	for range MaxDepth + 1 {
		nested = Value{Kind: List, Text: string(AppendNested(nil, List, "", nested))}
	}
	events := func(s *SourceSpan) {
		for i := range 9000 {
			s.AddPart(ClassEvent).Attributes = []Attribute{{fmt.Sprint("key ", i), IntValue(1)}}
		}
	}
	cases := map[string]func(*SourceSpan){
		"new keys of events": events,
		"attributes":         func(s *SourceSpan) { s.Attributes = make([]Attribute, MaxSlots) },
		"text":               func(s *SourceSpan) { s.Attributes = []Attribute{{"a", StringValue(strings.Repeat("x", maxSpanText))}} },
		"depth":              func(s *SourceSpan) { s.Attributes = []Attribute{{"a", nested}} },
		"what lists decode to": func(s *SourceSpan) {
			s.Attributes = []Attribute{{"a", Value{Kind: List, Text: strings.Repeat("\x00", MaxDecoded/nestedCost)}}}
		},
		"text of no list": func(s *SourceSpan) { s.Attributes = []Attribute{{"a", Value{Kind: List, Text: "\xff"}}} },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			e, d := NewEncoder(), NewDecoder()
			b := spansOf(9)
			spoil(&b[4])
			for range 2 {
				frames, err := e.Encode(b)
				var refused *RefusedError
				require.ErrorAs(t, err, &refused)
				require.Equal(t, []int{4}, refused.Spans)
				got := counted{}
				for _, f := range frames {
					require.NoError(t, d.Decode(f.Bytes, &got))
				}
				require.Equal(t, 8, got.spans)
			}
		})
	}
}

func TestAfterRestAnEpochBegins(t *testing.T) {
	e, d := NewEncoder(), NewDecoder()
	frames := encodeWith(t, e, spansOf(9))
	frames = append(frames, e.Rest().Bytes)
	for _, f := range frames {
		require.NoError(t, d.Decode(f, &counted{}))
	}
	require.Zero(t, d.StateSize())
	next := encodeWith(t, e, spansOf(9))[0]
	require.NoError(t, d.Decode(next, &counted{}))
	require.Equal(t, uint64(3), d.Resets())

	var refused *Error
	other := NewDecoder()
	for _, f := range frames {
		require.NoError(t, other.Decode(f, &counted{}))
	}
	next[3] &^= flagReset // the header's third field
	require.True(t, errors.As(other.Decode(seal(next), &counted{}), &refused))
	require.Equal(t, CodeSequence, refused.Code)
}
