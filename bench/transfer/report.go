package main

import (
	"fmt"
	"strings"
)

func (b *bench) report(p point) {
	name := p.name + "_"
	b.Print(name+"bytes", p.size(), "B")
	b.Print(name+"per_second", p.perSecond(p.messages), "messages/s")
	b.Print(name+"spans_per_second", p.perSecond(p.spans), "spans/s")
	b.Print(name+"megabytes_per_second", p.perSecond(p.bytes)/1e6, "MB/s")
	b.Print(name+"receiver_cpu", p.receiver.Seconds()/p.took.Seconds(), "cores")
	b.Print(name+"sender_cpu", p.sender.Seconds()/p.took.Seconds(), "cores")
	b.Print(name+"per_receiver_cpu_second", p.perCPUSecond(p.messages), "messages/s")
	b.Print(name+"spans_per_receiver_cpu_second", p.perCPUSecond(p.spans), "spans/s")
}

func (b *bench) reportCost(c cost) {
	for i, way := range ways {
		prefix := fmt.Sprintf("receive_%s_%d_", way.name, c.batch)
		b.Print(prefix+"spans_per_cpu_second", c.forms[i].perCPUSecond(), "spans/s")
		b.Print(prefix+"bytes_per_span", c.forms[i].size(), "B")
	}
	for i, way := range ways[:len(ways)-1] {
		name := fmt.Sprintf("receive_vs_%s_%d", way.name, c.batch)
		b.Print(name, c.ratio(i), "ratio")
		b.Print(name+"_spread", c.spread(i), "ratio")
	}
}

func table(all []point) string {
	var t strings.Builder
	t.WriteString("| messages | bytes | messages/s | spans/s | MB/s | receiver, cores | messages per CPU second | spans per CPU second |\n")
	t.WriteString("|---|---|---|---|---|---|---|---|\n")
	for _, p := range all {
		fmt.Fprintf(&t, "| %s | %.0f | %.0f | %.0f | %.1f | %.2f | %.0f | %.0f |\n", strings.ReplaceAll(p.name, "_", " of "), p.size(), p.perSecond(p.messages), p.perSecond(p.spans),
			p.perSecond(p.bytes)/1e6, p.receiver.Seconds()/p.took.Seconds(), p.perCPUSecond(p.messages), p.perCPUSecond(p.spans))
	}
	return t.String()
}

func costTable(all []cost) string {
	var t strings.Builder
	t.WriteString("| spans of a request | form | spans per CPU second | compact, times as many | bytes a span |\n|---|---|---|---|---|\n")
	for _, c := range all {
		for i, way := range ways {
			fmt.Fprintf(&t, "| %d | %s | %.0f | %.2f | %.1f |\n", c.batch, way.name, c.forms[i].perCPUSecond(), c.ratio(i), c.forms[i].size())
		}
	}
	return t.String()
}
