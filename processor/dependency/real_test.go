package dependency_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
)

// observeReal reads dumps of the folder JCG_TRACES, of SDKs that state nothing;
// without it the test skips.
func observeReal(t *testing.T, pattern string) *dependency.Observer {
	folder := os.Getenv("JCG_TRACES")
	if folder == "" {
		t.Skip("JCG_TRACES is not set: no real traces")
	}
	files, err := filepath.Glob(filepath.Join(folder, pattern))
	require.NoError(t, err)
	require.NotEmpty(t, files, pattern)
	o := dependency.New(dependency.Options{AssumeComplete: true, MaxSpans: 1 << 22})
	for td, err := range otlpdump.Files(files...) {
		require.NoError(t, err)
		o.Add(td, treescript.Epoch)
	}
	o.Expire(treescript.Epoch.Add(time.Hour))
	return o
}

// verdicts are those of the sites where calls failed.
func verdicts(t *testing.T, o *dependency.Observer) map[string]strength.Verdict {
	observed, _, sites := merged(o.Take(1 << 20))
	found := map[string]strength.Verdict{}
	for name, s := range sites {
		v := strength.Judge(observed[s.ID()], strength.Evidence{}, strength.Unknown)
		require.NotEqual(t, strength.Weak, v.Strength, "%s: %s", name, v.Words()) // nothing is known to be handled there
		if len(v.Classes) > 0 {
			t.Logf("%s: %s. %s", name, v.Strength, v.Words())
			found[name] = v
		}
		require.Less(t, len((&strength.Record{Site: s, Evidence: observed[s.ID()]}).Append(nil)), 2048, name)
	}
	return found
}

// TestOTelDemo: the cart was down all the time, so that nothing is known of
// what follows it; the proxy passes on what fails.
func TestOTelDemo(t *testing.T) {
	o := observeReal(t, "otel-demo/*.zst")
	stats := o.Stats()
	require.EqualValues(t, 37686, stats.Judged)
	require.Equal(t, 17, stats.Sites)
	found := verdicts(t, o)
	proxy := found["frontend-proxy ingress -> frontend router frontend egress [http]"]
	require.Equal(t, strength.Strong, proxy.Strength)
	require.Equal(t, strength.Propagation, proxy.Basis)
	require.EqualValues(t, 1235, proxy.Classes[0].Failures)
	cart := found["frontend GET /api/cart -> cartservice grpc.oteldemo.CartService/GetCart [rpc]"]
	require.Equal(t, strength.Unknown, cart.Strength)
	require.EqualValues(t, 902, cart.Classes[0].Failures)
}

// TestTrainTicket: clients name no peer, so that only single calls say something.
func TestTrainTicket(t *testing.T) {
	o := observeReal(t, "trainticket/fault/*.gz")
	require.EqualValues(t, 55137, o.Stats().Judged)
	gateway := verdicts(t, o)["ts/ts-gateway-service /* -> unknown_peer HTTP POST [http]"]
	require.Equal(t, strength.Strong, gateway.Strength)
	require.EqualValues(t, 436, gateway.Classes[0].Failures)
}
