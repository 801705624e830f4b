package simulate

import (
	"cmp"
	"slices"
)

// EntranceTruth is the table of the paper's Fig. 12 for one entrance, over all
// chains that began there, kept or not.
type EntranceTruth struct {
	Service   string     `json:"service"`
	Operation string     `json:"operation"`
	Chains    uint64     `json:"chains"`
	Seconds   float64    `json:"seconds"` // of all of them
	Rows      []RowTruth `json:"rows"`
}

// RowTruth is an operation below an entrance.
type RowTruth struct {
	Level     int     `json:"level"` // remote calls below the entrance, at least
	Service   string  `json:"service"`
	Operation string  `json:"operation"`
	LR        float64 `json:"lr"` // percent of the entrances' time that the critical path spends in it
	DR        float64 `json:"dr"` // calls made, by those that the entrance makes
	CR        float64 `json:"cr"` // calls received, by chain
	Received  uint64  `json:"received"`
	Made      uint64  `json:"made"`
}

// tables count for each entrance what the operations below it do.
type tables struct {
	on        bool
	entrances []table
	point     []int32 // scratch: calls of an execution
}

type table struct {
	chains uint64
	took   int64
	rows   map[int32]*row
}

type row struct {
	level          int
	critical       int64
	received, made uint64
}

func (t *tables) begin(s *System) {
	t.on = s.Tables
	if t.on {
		t.entrances = make([]table, len(s.entrances))
	}
}

func (t *tables) note(s *System, entrance int) {
	if !t.on {
		return
	}
	c := &s.chain
	e := &t.entrances[entrance]
	if e.rows == nil {
		e.rows = map[int32]*row{}
	}
	e.chains++
	e.took += c.executions[0].end - c.executions[0].start
	for i := range c.executions {
		if x := &c.executions[i]; !x.dead {
			e.row(x.operation, c.depth(int32(i))).received++
		}
	}
	for i := range c.calls {
		if k := &c.calls[i]; !k.dead {
			e.row(c.executions[k.caller].operation, maxLayers).made++
		}
	}
	t.critical(s, e, 0)
}

func (e *table) row(operation int32, level int) *row {
	r := e.rows[operation]
	if r == nil {
		r = &row{level: level}
		e.rows[operation] = r
	}
	r.level = min(r.level, level)
	return r
}

// depth is how many remote calls lie above an execution.
func (c *chain) depth(e int32) (n int) {
	for c.executions[e].parent >= 0 {
		e = c.calls[c.executions[e].parent].caller
		n++
	}
	return n
}

// critical walks an execution backwards from its end over the call that ended
// last before: what no call covers is its own, and so is a call whose callee
// ended after it or was not seen.
func (t *tables) critical(s *System, to *table, e int32) {
	c := &s.chain
	x := &c.executions[e]
	own := to.row(x.operation, maxLayers)
	begin := len(t.point)
	for i := x.first; i >= 0; i = c.calls[i].next {
		if !c.calls[i].dead {
			t.point = append(t.point, i)
		}
	}
	calls := t.point[begin:]
	slices.SortFunc(calls, func(a, b int32) int { return cmp.Or(cmp.Compare(c.calls[b].end, c.calls[a].end), cmp.Compare(b, a)) })
	point := x.end
	for i := range calls {
		k := &c.calls[t.point[begin+i]]
		if k.end > point {
			continue
		}
		own.critical += point - k.end
		own.critical += t.inside(s, to, k)
		point = k.start
	}
	own.critical += point - x.start
	t.point = t.point[:begin]
}

// inside walks what a call waited for, and returns what of it is the caller's.
func (t *tables) inside(s *System, to *table, k *call) int64 {
	if k.callee < 0 || s.chain.executions[k.callee].end > k.end {
		return k.end - k.start
	}
	x := &s.chain.executions[k.callee]
	t.critical(s, to, k.callee)
	return k.end - k.start - (x.end - x.start)
}

func (t *tables) truth(s *System) (all []EntranceTruth) {
	for i := range t.entrances {
		e := &t.entrances[i]
		if e.chains == 0 {
			continue
		}
		o := s.entrances[i]
		one := EntranceTruth{
			Service: s.services[s.operations[o].service].Name, Operation: s.operations[o].name,
			Chains: e.chains, Seconds: float64(e.took) / 1e9,
		}
		for operation, r := range e.rows {
			one.Rows = append(one.Rows, e.rowTruth(s, operation, r, e.rows[o].made))
		}
		slices.SortFunc(one.Rows, func(a, b RowTruth) int {
			return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Operation, b.Operation))
		})
		all = append(all, one)
	}
	return all
}

func (e *table) rowTruth(s *System, operation int32, r *row, entranceMade uint64) RowTruth {
	op := &s.operations[operation]
	t := RowTruth{
		Level: r.level, Service: s.services[op.service].Name, Operation: op.name, Received: r.received, Made: r.made,
		CR: float64(r.received) / float64(e.chains),
	}
	if e.took > 0 {
		t.LR = 100 * float64(r.critical) / float64(e.took)
	}
	if entranceMade > 0 {
		t.DR = float64(r.made) / float64(entranceMade)
	}
	return t
}
