package callgraph

import "strings"

// Interval is what one process counted in a second or so: changes, not states.
type Interval struct {
	// Instance names the process among all of them, as InstanceOf does: two never have
	// the same one, one after the other neither, unless their numbers go on.
	Instance string
	// Number rises from interval to interval. The same number of the same
	// instance is the same interval, sent again.
	Number uint64
	// Cells hold counts to be added; their Writer, Opened, Sequence and Closed
	// are for whoever keeps them to say. A cell without calls tells names.
	Cells []Cell
}

// InstanceOf names a process by its service and its ID: semantic conventions ask
// for IDs that differ within a service only.
func InstanceOf(s Service, id string) string {
	return strings.Join([]string{s.Environment, s.Namespace, s.Name, id}, "\x00")
}

// Add adds another cell's counts. The key and the sequence stay.
func (c *Cell) Add(o *Cell) {
	c.Client.Merge(o.Client)
	c.Server.Merge(o.Server)
	c.Queue.Merge(o.Queue)
	c.ServerOnly += o.ServerOnly
	c.Provisional += o.Provisional
	c.WeightUnknown += o.WeightUnknown
	c.Folded = c.Folded || o.Folded
}

// Calls is how many calls the interval counts.
func (i Interval) Calls() (sum uint64) {
	for j := range i.Cells {
		sum += i.Cells[j].Calls()
	}
	return sum
}
