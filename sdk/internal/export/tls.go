package export

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/jcallgraph/jcallgraph/sdk/internal/setting"
)

// tlsConfig is nil where the setting names no files.
func tlsConfig(t setting.TLS) (*tls.Config, error) {
	if t == (setting.TLS{}) {
		return nil, nil
	}
	config, names := &tls.Config{MinVersion: tls.VersionTLS12}, t.Names()
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", names.CA, err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: %s holds no certificate in PEM", names.CA, t.CA)
		}
	}
	if t.Certificate != "" || t.Key != "" {
		pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
		if err != nil {
			return nil, fmt.Errorf("%s and %s: %w", names.Certificate, names.Key, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
