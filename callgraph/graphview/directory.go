package graphview

import (
	"slices"
	"sync"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// directory is what the halves of calls must be told of each other: which
// operation a static ID stands for, and what is called at a site. It is learned
// from cells of any time, is shared by a view and those of its past, so that all
// of them join alike, and only grows.
type directory struct {
	mu         sync.Mutex
	operations map[callgraph.StaticID]operationName
	services   []callgraph.Service
	serviceIDs map[callgraph.Service]uint32
	sites      map[callgraph.StaticID]facts
	version    uint64 // rises with what is learned
	callers    int    // of all sites
	refused    uint64
}

// operationName is an Observed operation in little room.
type operationName struct {
	name    string
	service uint32
}

// facts are what is known of a site.
type facts struct {
	callee  callgraph.StaticID // 0: no server half was seen
	several bool               // there is more than one callee
	// whose is an operation of the calling service; 0: not told.
	whose   callgraph.StaticID
	callers []callgraph.StaticID // operations with client halves
	// connection of the client halves, the least of them.
	connection callgraph.Connection
}

// maxFacts bounds the operations, the sites, and the callers of sites that are
// learned. Beyond it halves stand apart.
const maxFacts = 1 << 20

func newDirectory() *directory {
	return &directory{
		operations: map[callgraph.StaticID]operationName{}, serviceIDs: map[callgraph.Service]uint32{},
		sites: map[callgraph.StaticID]facts{},
	}
}

func (d *directory) now() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.version
}

// name learns an operation, whose strings it keeps. News says that it was not
// known; version is that of the directory then.
func (d *directory) name(id callgraph.StaticID, o callgraph.Operation) (version uint64, news bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.operations[id]; known {
		return 0, false
	}
	if len(d.operations) >= maxFacts {
		d.refused++
		return 0, false
	}
	d.operations[id] = operationName{o.Name, d.service(o.Service)}
	d.version++
	return d.version, true
}

// service is its index; d.mu is held.
func (d *directory) service(s callgraph.Service) uint32 {
	id, known := d.serviceIDs[s]
	if !known {
		id = uint32(len(d.services))
		d.services = append(d.services, s)
		d.serviceIDs[s] = id
	}
	return id
}

func (d *directory) operation(id callgraph.StaticID) (callgraph.Operation, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	o, known := d.operations[id]
	if !known {
		return callgraph.Operation{}, false
	}
	return callgraph.Operation{Service: d.services[o.service], Name: o.name}, true
}

// site is what is known; nothing is known for certain of one that found no room.
func (d *directory) site(id callgraph.StaticID) facts {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, known := d.sites[id]
	f.several = f.several || !known && len(d.sites) >= maxFacts
	return f
}

// called learns a callee of a site.
func (d *directory) called(site, callee callgraph.StaticID) (version uint64, news bool) {
	return d.learn(site, func(f *facts) bool {
		if f.several || f.callee == callee {
			return false
		}
		f.several, f.callee = f.callee != 0, callee
		return true
	})
}

// belongs learns an operation that calls at a site, or is just named there.
func (d *directory) belongs(site, caller callgraph.StaticID) (version uint64, news bool) {
	return d.learn(site, func(f *facts) bool {
		if f.whose != 0 {
			return false
		}
		f.whose = caller
		return true
	})
}

// calling learns an operation that has client halves at a site.
func (d *directory) calling(site, caller callgraph.StaticID, connection callgraph.Connection) (version uint64, news bool) {
	return d.learn(site, func(f *facts) bool {
		known := slices.Contains(f.callers, caller)
		if known && f.connection <= connection || !known && d.callers >= maxFacts {
			return false
		}
		if len(f.callers) == 0 || connection < f.connection {
			f.connection = connection
		}
		if !known {
			f.callers = append(f.callers, caller)
			d.callers++
		}
		return true
	})
}

func (d *directory) learn(site callgraph.StaticID, change func(*facts) bool) (version uint64, news bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, known := d.sites[site]
	if !known && len(d.sites) >= maxFacts {
		d.refused++
		return 0, false
	}
	if !change(&f) {
		return 0, false
	}
	d.sites[site] = f
	d.version++
	return d.version, true
}

// caller is the operation that a server half is attributed to: the one that its
// reference names where that has client halves of the site, else the only one
// that has, else the named one; Unknown where nobody has told its name.
func (d *directory) caller(r callgraph.Reference, f facts) callgraph.Operation {
	named, known := d.operation(r.Caller)
	if len(f.callers) == 1 && !slices.Contains(f.callers, r.Caller) {
		if only, told := d.operation(f.callers[0]); told {
			return only
		}
	}
	if known {
		return named
	}
	return callgraph.Operation{Node: callgraph.Unknown}
}
