package main

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/jcallgraph/jcallgraph/processor/dependencyprocessor"
	"github.com/jcallgraph/jcallgraph/processor/logicalchain"
	"github.com/jcallgraph/jcallgraph/processor/logicalchainprocessor"
	"github.com/jcallgraph/jcallgraph/storage"
)

// subject makes what is measured in front of what follows it.
type subject struct {
	name string
	make []maker
}

type maker func(ctx context.Context, next consumer.Traces) (processor.Traces, error)

var subjects = []subject{
	{"nop", []maker{nop}},
	{"logical_chain", []maker{logicalChain}},
	{"dependency", []maker{dependencies(0, 0)}},
	{"processors", []maker{logicalChain, dependencies(0, 0)}},
}

func nop(ctx context.Context, next consumer.Traces) (processor.Traces, error) {
	same := func(_ context.Context, td ptrace.Traces) (ptrace.Traces, error) { return td, nil }
	return processorhelper.NewTraces(ctx, processortest.NewNopSettings(component.MustNewType("nop")), nil, next, same)
}

// logicalChain has the rules of the built-in configuration.
func logicalChain(ctx context.Context, next consumer.Traces) (processor.Traces, error) {
	f := logicalchainprocessor.NewFactory()
	c := f.CreateDefaultConfig().(*logicalchainprocessor.Config)
	c.Backend = "local"
	c.Keys = []logicalchain.Rule{
		{Kind: "order", Attributes: []string{"order.number", "order.id", "app.order.id", "order_id"}},
		{Kind: "payment", Attributes: []string{"payment.number", "payment.id", "app.payment.transaction.id"}},
		{Kind: "waybill", Attributes: []string{"waybill.number", "waybill", "app.shipping.tracking.id"}},
	}
	return f.CreateTraces(ctx, processortest.NewNopSettings(f.Type()), c, next)
}

func dependencies(maxSpans, maxSites int) maker {
	return func(ctx context.Context, next consumer.Traces) (processor.Traces, error) {
		f := dependencyprocessor.NewFactory()
		c := f.CreateDefaultConfig().(*dependencyprocessor.Config)
		c.Backend = "local"
		if maxSpans > 0 {
			c.MaxSpans, c.MaxSites = maxSpans, maxSites
			c.FlushInterval = time.Minute // nothing leaves meanwhile
		}
		return f.CreateTraces(ctx, processortest.NewNopSettings(f.Type()), c, next)
	}
}

// pipeline is a subject that runs.
type pipeline struct {
	consumer.Traces
	parts []processor.Traces
}

func begin(ctx context.Context, makers []maker, b storage.Backend) (*pipeline, error) {
	p := &pipeline{Traces: consumertest.NewNop()}
	for i := range makers {
		part, err := makers[len(makers)-1-i](ctx, p.Traces)
		if err != nil {
			return nil, err
		}
		if err := part.Start(ctx, host{componenttest.NewNopHost(), b}); err != nil {
			return nil, err
		}
		p.Traces, p.parts = part, append(p.parts, part)
	}
	return p, nil
}

func (p *pipeline) end(ctx context.Context) error {
	for _, part := range p.parts {
		if err := part.Shutdown(ctx); err != nil {
			return err
		}
	}
	return nil
}

// host has one extension: a store.
type host struct {
	component.Host
	backend storage.Backend
}

func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("call_graph_storage"): backends{backend: h.backend}}
}

type backends struct {
	component.StartFunc
	component.ShutdownFunc
	backend storage.Backend
}

func (b backends) Backend(string) (storage.Backend, error) { return b.backend, nil } //nolint:unparam // of storage.Backends
