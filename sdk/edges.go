package sdk

import (
	"context"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
)

type callSite struct{}

func (*callSite) ID() callgraph.StaticID { return 0 }

type edgeOptions struct{}
type edges struct{}

func newEdges(*TracerProvider) *edges                              { return nil }
func (e *edges) flush(context.Context) error                       { return nil }
func (e *edges) shutdown(context.Context) error                    { return nil }
func (e *edges) trusts(*spanfact.Facts) bool                       { return true }
func (r *localRoot) count(*span)                                   {}
func (s *span) countedHalf() string                                { return "" }
func (r *localRoot) told() callgraph.StaticID                      { return 0 }
func (p *TracerProvider) siteOf(*spanfact.Facts, string) *callSite { return nil }
