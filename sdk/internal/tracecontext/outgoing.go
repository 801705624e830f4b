package tracecontext

import (
	"encoding/binary"
	"slices"
	"strings"
)

// headersRoom is what both headers take at most as a rule: more costs an
// allocation, a larger room the time to clear it.
const headersRoom = parentLength + stateRoom/2

// headers are the values of traceparent and tracestate, in one piece of memory.
func (o *Outgoing) headers() (parentValue, stateValue string) {
	var room [headersRoom]byte
	b := parent{o.TraceID, o.SpanID, o.Flags}.appendTo(room[:0])
	text := string(o.appendState(b))
	return text[:parentLength], text[parentLength:]
}

// appendState puts our own members in front of the others, as the
// specification asks of whoever changes them.
func (o *Outgoing) appendState(b []byte) []byte {
	start, own := len(b), 0
	if o.HasEntry && o.Trusted {
		entry := o.Entry
		entry.Sender = binary.BigEndian.Uint32(o.SpanID[4:])
		b = entry.Append(append(b, entryPrefix...))
		own++
	}
	end := len(b)
	if b = o.appendSampling(b, start); len(b) > end {
		own++
	}
	return appendForeign(b, start, own, o.Foreign)
}

func (o *Outgoing) appendSampling(b []byte, start int) []byte {
	end := len(b)
	if end > start {
		b = append(b, ',')
	}
	b = append(b, samplingPrefix...)
	value := len(b)
	if b = o.State.Append(b); len(b) == value {
		return b[:end]
	}
	return b
}

// appendForeign lets members follow the own ones, which begin at start. As
// the specification has it, at most 32 members leave; beyond 512 characters
// long ones go first, then those at the end. What nothing of ours is added to
// leaves as it came.
func appendForeign(b []byte, start, own int, foreign string) []byte {
	if own == 0 || foreign == "" {
		return append(b, foreign...)
	}
	room := stateRoom - (len(b) - start) - len(",")
	if len(foreign) > room || strings.Count(foreign, ",")+1+own > maxMembers {
		if foreign = trimForeign(foreign, maxMembers-own, room); foreign == "" {
			return b
		}
	}
	return append(append(b, ','), foreign...)
}

func trimForeign(foreign string, count, room int) string {
	kept := strings.Split(foreign, ",")
	length := len(foreign)
	for i := len(kept) - 1; i >= 0 && length > room; i-- {
		if len(kept[i]) > longMember {
			length -= len(kept[i]) + 1
			kept = slices.Delete(kept, i, i+1)
		}
	}
	for len(kept) > count || len(kept) > 0 && length > room {
		length -= len(kept[len(kept)-1]) + 1
		kept = kept[:len(kept)-1]
	}
	return strings.Join(kept, ",")
}
