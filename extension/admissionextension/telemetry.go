package admissionextension

import (
	"github.com/jcallgraph/jcallgraph/extension/admission"
	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
)

const (
	meterName = "github.com/jcallgraph/jcallgraph/extension/admissionextension"
	prefix    = "jcallgraph.admission.requests."
	unit      = "{request}"
)

// metrics are the gate's own.
var metrics = ownmetric.Set[admission.Stats]{
	ownmetric.Gauge(prefix+"open", unit, "Requests that are open, those that wait among them.", func(s admission.Stats) uint64 { return uint64(s.Open) }),
	ownmetric.Sum(prefix+"admitted", unit, "Requests that were let in.", func(s admission.Stats) uint64 { return s.Admitted }),
	ownmetric.Sum(prefix+"waited", unit, "Requests that had to wait for their turn.", func(s admission.Stats) uint64 { return s.Waited }),
	ownmetric.Sum(prefix+"refused", unit, "Requests refused since too many were open; they may be sent again.", func(s admission.Stats) uint64 { return s.Refused }),
	ownmetric.Sum(prefix+"abandoned", unit, "Requests whose sender did not wait for their turn.", func(s admission.Stats) uint64 { return s.Abandoned }),
}
