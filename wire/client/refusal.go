package client

import (
	"fmt"
	"strings"

	"github.com/jcallgraph/jcallgraph/wire"
)

// refusal is a receiver's word that it could not read a frame.
type refusal struct{ wire.Control }

func (r *refusal) Error() string {
	why := strings.ToValidUTF8(r.Why[:min(len(r.Why), maxWhy)], "?")
	text := fmt.Sprintf("receiver refused a frame: %v: %s", r.Code, why)
	if r.Code == wire.CodeVersion {
		text += fmt.Sprintf(" (it is older or newer than this sender, whose compact format has version %d)", wire.Version)
	}
	return text
}
