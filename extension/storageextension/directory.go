package storageextension

import (
	"fmt"
	"os"
	"path/filepath"
)

// Environment variables that say where data lies.
const (
	envData    = "JCG_DATA"
	envXDGData = "XDG_DATA_HOME"
	folder     = "jcallgraph"
)

// directory is the configured one, else the environment's, as an absolute path.
func (p *PebbleConfig) directory() (string, error) {
	if p.Directory != "" {
		return filepath.Abs(p.Directory)
	}
	if dir := os.Getenv(envData); dir != "" {
		return filepath.Abs(dir)
	}
	if dir := os.Getenv(envXDGData); filepath.IsAbs(dir) { // relative ones are invalid by XDG's rule
		return filepath.Join(dir, folder), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no folder for the data: set directory, %s or %s: %w", envData, envXDGData, err)
	}
	return filepath.Join(home, ".local", "share", folder), nil
}
