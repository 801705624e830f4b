package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

var overlays = filepath.Join("..", "..", "examples", "overlays")

// secureEnvironment is what secure.yaml asks for.
func secureEnvironment(t *testing.T, offset int) (trusted *x509.CertPool) {
	t.Helper()
	cert, key, pool := certificate(t)
	for name, value := range map[string]string{
		"JCG_CERT": cert, "JCG_KEY": key, "JCG_TOKEN": "change-me",
		"JCG_QUERY_PORT": strconv.Itoa(portQuery + offset), "JCG_GRPC_PORT": strconv.Itoa(portGRPC + offset),
		"JCG_HTTP_PORT": strconv.Itoa(portHTTP + offset), "JCG_COMPACT_PORT": strconv.Itoa(portCompact + offset),
	} {
		t.Setenv(name, value)
	}
	return pool
}

func TestOverlaysAreValidAndMerge(t *testing.T) {
	secureEnvironment(t, 0)
	t.Setenv("JCG_HMAC_KEY", "0123456789abcdef")
	want := map[string][]string{
		"sources.yaml":          {"127.0.0.1:9411", "127.0.0.1:14250", "otlp_spans", "- kafka"},
		"retention.yaml":        {"retention: 720h0m0s", "edge_retention: 8760h0m0s", "100 GiB"},
		"secure.yaml":           {"0.0.0.0:4317", "authenticator: bearertokenauth", "server.crt"},
		"keep-credentials.yaml": {"memory_limiter"},
		"logical-chains.yaml":   {"kind: waybill", "hmac_key: '[REDACTED]'"},
	}
	files, err := filepath.Glob(filepath.Join(overlays, "*.yaml"))
	require.NoError(t, err)
	require.Len(t, files, len(want))
	for _, path := range files {
		args := []string{"--config", "builtin:all-in-one", "--config", path}
		out, err := command(t, append([]string{"validate"}, args...)...)
		require.NoError(t, err, "%s: %s", path, out)
		out, err = command(t, append([]string{"print-config"}, args...)...)
		require.NoError(t, err, "%s: %s", path, out)
		for _, part := range want[filepath.Base(path)] {
			require.Contains(t, out, part, path)
		}
	}
}

// yamlBlock is an example in a page.
var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

func TestExamplesOfComponentsAreValid(t *testing.T) {
	t.Setenv("CUSTOMER_KEY", "0123456789abcdef")
	pages, err := filepath.Glob(filepath.Join("..", "..", "*", "*", "README.md"))
	require.NoError(t, err)
	examples := 0
	for _, path := range pages {
		page, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, block := range yamlBlock.FindAllSubmatch(page, -1) {
			examples++
			out, err := command(t, "validate", "--config", "builtin:all-in-one", "--config", file(t, string(block[1])))
			require.NoError(t, err, "%s: %s", path, out)
		}
	}
	require.Greater(t, examples, 5)
}

func TestKeepCredentials(t *testing.T) {
	r := start(t, t.TempDir(), "--config", "builtin:all-in-one", "--config", filepath.Join(overlays, "keep-credentials.yaml"))
	td, s := oneSpan(1)
	s.Attributes().PutStr("http.request.header.authorization", "Basic c2VjcmV0")
	r.send(t, td)
	require.Contains(t, text(t, r.mustTrace(t, s.TraceID())), "Basic c2VjcmV0")
}

func TestSecureOverlayAsksForTheToken(t *testing.T) {
	offset := collectortest.FreeOffset(t)
	pool := secureEnvironment(t, offset)
	r := launch(t, t.TempDir(), offset, "--config", "builtin:all-in-one", "--config", filepath.Join(overlays, "secure.yaml"))
	r.WaitHealthy()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	t.Cleanup(client.CloseIdleConnections)
	for token, want := range map[string]int{"": 401, "wrong": 401, "change-me": 200} {
		require.Equal(t, want, r.ask(t, client, portHTTP, "/v1/traces", token), token)
		require.Equal(t, want, r.ask(t, client, portQuery, "/api/services", token), token)
	}
	_, err := r.Get(t.Context(), portQuery, "/api/services")
	require.Error(t, err, "without TLS")
	td, _ := oneSpan(1)
	require.Error(t, r.export(t, td), "without TLS")
	r.Eventually("the start message", func(context.Context) error {
		if !bytes.Contains([]byte(r.Output.String()), []byte("https://"+r.Address(portHTTP)+"/v1/traces")) {
			return fmt.Errorf("it is %s", r.Output)
		}
		return nil
	})
}

// ask sends an empty request by TLS and returns the status.
func (r *run) ask(t *testing.T, client *http.Client, port int, path, token string) int {
	t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if port == portHTTP {
		method, body = http.MethodPost, bytes.NewReader([]byte("{}"))
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "https://"+r.Address(port)+path, body)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

// certificate is one for this machine's loopback, in files, and who trusts it.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	cert, key = filepath.Join(t.TempDir(), "server.crt"), filepath.Join(t.TempDir(), "server.key")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(cert, certPEM, 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600))
	pool = x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(certPEM))
	return cert, key, pool
}
