package edgemetric

import (
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgeschema"
)

// Names of the schema; what they mean stands in edgeschema.
const (
	Prefix              = edgeschema.Prefix
	Calls               = edgeschema.Calls
	ClientDuration      = edgeschema.ClientDuration
	ServerDuration      = edgeschema.ServerDuration
	QueueDuration       = edgeschema.QueueDuration
	ServerOnlyCalls     = edgeschema.ServerOnlyCalls
	ProvisionalCalls    = edgeschema.ProvisionalCalls
	WeightUnknownCalls  = edgeschema.WeightUnknownCalls
	UnitSeconds         = edgeschema.UnitSeconds
	UnitCalls           = edgeschema.UnitCalls
	ScopeName           = edgeschema.ScopeName
	ScopeVersion        = edgeschema.ScopeVersion
	AttributeWriter     = edgeschema.AttributeWriter
	AttributeSource     = edgeschema.AttributeSource
	AttributeSequence   = edgeschema.AttributeSequence
	AttributeInterval   = edgeschema.AttributeInterval
	AttributeInstance   = edgeschema.AttributeInstance
	AttributeConnection = edgeschema.AttributeConnection
	AttributeOutcome    = edgeschema.AttributeOutcome
	AttributeOpened     = edgeschema.AttributeOpened
	AttributeClosed     = edgeschema.AttributeClosed
	AttributeFolded     = edgeschema.AttributeFolded
	AttributeSumNanos   = edgeschema.AttributeSumNanos
	ClientEnd           = edgeschema.ClientEnd
	ServerEnd           = edgeschema.ServerEnd
	EndService          = edgeschema.EndService
	EndNamespace        = edgeschema.EndNamespace
	EndEnvironment      = edgeschema.EndEnvironment
	EndOperation        = edgeschema.EndOperation
	EndNode             = edgeschema.EndNode
)

// Bounds of the bins' indexes: durations of 1 ns to 2^63 ns lie within.
const (
	minIndex = -512
	maxIndex = 575
)

var (
	outcomes    = byName[callgraph.Outcome](callgraph.Outcomes)
	nodes       = byName[callgraph.Node](int(callgraph.Referred) + 1)
	connections = byName[callgraph.Connection](int(callgraph.Database) + 1)
)

func byName[T interface {
	~uint8
	String() string
}](n int) map[string]T {
	m := make(map[string]T, n)
	for i := range n {
		m[T(i).String()] = T(i)
	}
	return m
}
