package query

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// String is what the parameter cursor takes: nanoseconds and trace IDs.
func (c cursor) String() string {
	var b strings.Builder
	b.WriteString(strconv.FormatInt(c.at.UnixNano(), 10))
	for _, id := range c.seen {
		b.WriteByte('-')
		b.WriteString(hex.EncodeToString(id[:]))
	}
	return b.String()
}

// cursor reads one; without one, the zero cursor.
func (p *parameters) cursor(name string) (c cursor) {
	value := p.text(name)
	if value == "" {
		return c
	}
	parts := strings.Split(value, "-")
	nanos, err := strconv.ParseInt(parts[0], 10, 64)
	c.at = time.Unix(0, nanos).UTC()
	for _, part := range parts[1:] {
		id, decodeErr := hex.DecodeString(part)
		if decodeErr != nil || len(id) != 16 {
			err = errTraceID(part)
			break
		}
		c.seen = append(c.seen, pcommon.TraceID(id))
	}
	if err != nil || nanos <= 0 || len(c.seen) > maxCandidates {
		p.refuse(name, value, "must be the next of an answer before")
	}
	return c
}
