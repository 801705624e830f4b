package e2e

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// keyed is a trace of one span that carries keys.
func keyed(id byte, attributes map[string]any) (ptrace.Traces, ptrace.Span) {
	td, s := oneSpan(id)
	if err := s.Attributes().FromRaw(attributes); err != nil {
		panic(err)
	}
	return td, s
}

// chainOf is what these tests read of a logical chain.
type chainOf struct {
	Traces int `json:"traces"`
	Linked []struct {
		Key struct{ Kind, Value string } `json:"key"`
	} `json:"linked"`
}

func (r *run) logicalChain(t *testing.T, kind, value string) (c chainOf) {
	t.Helper()
	require.NoError(t, r.GetJSON(t.Context(), "/api/jcg/v1/logical-chains/"+kind+"/"+url.PathEscape(value), &c))
	return c
}

func (c chainOf) links() (all []string) {
	for _, l := range c.Linked {
		all = append(all, l.Key.Kind+"="+l.Key.Value)
	}
	return all
}

// TestLogicalChainsOutliveAKill: what was acknowledged is found by its key.
func TestLogicalChainsOutliveAKill(t *testing.T) {
	r := start(t, t.TempDir(), "--config", "builtin:all-in-one")
	for id, attributes := range []map[string]any{
		{"order.number": "4711"},
		{"order.number": 4711, "payment.number": "P-4711"},
		{"payment.number": "P-4711", "waybill.number": "W 4711/ü"},
		{"waybill.number": "W 4711/ü", "order.number": "null"},
	} {
		td, _ := keyed(byte(id+1), attributes)
		r.send(t, td)
	}
	r.Stop(syscall.SIGKILL)
	r = r.restart()
	order := r.logicalChain(t, "order", "4711")
	require.Equal(t, 4, order.Traces, "of the order, and of what is linked with it")
	require.ElementsMatch(t, []string{"payment=P-4711", "waybill=W 4711/ü"}, order.links())
	require.Equal(t, 4, r.logicalChain(t, "waybill", "W 4711/ü").Traces)
}

func TestHiddenKeysAreFoundByTheirNumber(t *testing.T) {
	t.Setenv("JCG_HMAC_KEY", "0123456789abcdef")
	r := start(t, t.TempDir(), "--config", "builtin:all-in-one", "--config", filepath.Join(overlays, "logical-chains.yaml"))
	td, s := keyed(1, map[string]any{"customer.number": "C-12345", "tracking.number": "1z-999-aa1", "url.path": "/orders/4711/items"})
	r.send(t, td)
	for kind, value := range map[string]string{"customer": "C-12345", "waybill": "1Z 999 AA1", "order": "4711"} {
		require.Equal(t, 1, r.logicalChain(t, kind, value).Traces, kind)
	}
	require.NotContains(t, text(t, r.mustTrace(t, s.TraceID())), "C-12345")
	r.Eventually("the counted keys", func(ctx context.Context) error {
		replaced, err := r.Metric(ctx, "jcallgraph_keys_replaced")
		if err == nil && replaced != 1 {
			err = fmt.Errorf("%v values were replaced", replaced)
		}
		return err
	})
}
