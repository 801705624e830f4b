package callgraph

// book counts w of the call's halves, or takes them back where w is negative.
// It is false, and nothing has changed, where there is no room or nothing to
// take back.
func (t *Table) book(o *opening, c *Call, w Weight) bool {
	client, server := c.Uncounted()
	if !client && !server {
		t.bookQueue(o, c, w)
		return true
	}
	e := o.find(c.Edge)
	if w > 0 {
		e = t.room(o, e, c)
	}
	if e == nil {
		return false
	}
	if client && !t.bookClient(e, c, w) {
		return false
	}
	if server && !t.bookServer(e, c, w) {
		if client {
			t.bookClient(e, c, -w)
		}
		return false
	}
	return true
}

// Uncounted says which halves of the call are to be counted: those that were seen
// and that no SDK counts.
func (c *Call) Uncounted() (client, server bool) {
	return c.Client.Seen && !c.Client.Counted, c.Server.Seen && !c.Server.Counted
}

// bookQueue counts the time in the queue of a message whose halves SDKs counted:
// neither of them sees both ends.
func (t *Table) bookQueue(o *opening, c *Call, w Weight) {
	if o == nil || c.Queue <= 0 || !c.Server.Seen {
		return
	}
	e := o.find(c.Edge)
	if w > 0 {
		e = t.room(o, e, c)
	}
	if e == nil || e.cells[c.Server.Outcome] == nil && t.cells >= t.options.MaxCells {
		return
	}
	cell := t.slot(e, c.Server.Outcome)
	cell.queue.Add(c.Queue, w)
	t.touch(cell)
}

func (t *Table) bookClient(e *tableEdge, c *Call, w Weight) bool {
	cell := e.cells[c.Client.Outcome]
	if cell == nil || !cell.client.Add(c.Client.Duration, w) {
		return false
	}
	if c.Provisional {
		cell.provisional += w
	}
	if c.WeightUnknown {
		cell.wUnknown += w
	}
	t.touch(cell)
	return true
}

// bookServer counts the server half, and with it the time in the queue.
func (t *Table) bookServer(e *tableEdge, c *Call, w Weight) bool {
	cell := e.cells[c.Server.Outcome]
	if cell == nil || !cell.server.Add(c.Server.Duration, w) {
		return false
	}
	if !c.Client.Seen {
		cell.serverOnly += w
	}
	if client, _ := c.Uncounted(); c.WeightUnknown && !client {
		cell.wUnknown += w
	}
	if c.Queue > 0 {
		cell.queue.Add(c.Queue, w)
	}
	t.touch(cell)
	return true
}

// missing is how many cells the edge lacks to count the call.
func (e *tableEdge) missing(c *Call) int {
	client, server := c.Uncounted()
	n := 0
	if client && (e == nil || e.cells[c.Client.Outcome] == nil) {
		n++
	}
	same := client && c.Client.Outcome == c.Server.Outcome
	if server && !same && (e == nil || e.cells[c.Server.Outcome] == nil) {
		n++
	}
	return n
}

// prepare makes the cells that the call needs.
func (t *Table) prepare(e *tableEdge, c *Call) {
	client, server := c.Uncounted()
	if client {
		t.slot(e, c.Client.Outcome)
	}
	if server {
		t.slot(e, c.Server.Outcome)
	}
}

func (c *tableCell) empty() bool {
	return c.client.Weight() == 0 && c.server.Weight() == 0 && c.queue.Weight() == 0
}

func (c *tableCell) merge(o *tableCell) {
	c.client.Merge(&o.client)
	c.server.Merge(&o.server)
	c.queue.Merge(&o.queue)
	c.serverOnly += o.serverOnly
	c.provisional += o.provisional
	c.wUnknown += o.wUnknown
}

// clear takes back all that the cell counts.
func (c *tableCell) clear() {
	*c = tableCell{at: c.at, outcome: c.outcome, dirty: c.dirty, seen: c.seen}
}

// cell is the cell as readers get it.
func (t *Table) cell(c *tableCell, sequence uint64) Cell {
	o := c.at.opening
	return Cell{
		CellKey:       CellKey{Edge: c.at.edge, Outcome: c.outcome, Bucket: o.bucket, Writer: t.writer, Opened: o.opened},
		Sequence:      sequence,
		Client:        c.client.Sketch(),
		Server:        c.server.Sketch(),
		Queue:         c.queue.Sketch(),
		ServerOnly:    c.serverOnly.Calls(),
		Provisional:   c.provisional.Calls(),
		WeightUnknown: c.wUnknown.Calls(),
		Folded:        c.at.folded,
	}
}
