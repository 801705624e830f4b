package pagetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	link    = regexp.MustCompile(`\]\(([^)]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile(`[^a-z0-9 _-]`)
)

func TestLinksLeadSomewhere(t *testing.T) {
	const root = "../.."
	list, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-co", "--exclude-standard", "*.md").Output()
	require.NoError(t, err)
	for page := range strings.FieldsSeq(string(list)) {
		text, err := os.ReadFile(filepath.Join(root, page))
		require.NoError(t, err)
		for _, l := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(l[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(l[1], "#")
			target := filepath.Join(root, page)
			if path != "" {
				target = filepath.Join(root, filepath.Dir(page), path)
			}
			linked, err := os.ReadFile(target)
			if info, statErr := os.Stat(target); statErr == nil && info.IsDir() {
				continue
			}
			require.NoError(t, err, "%s links to %s", page, l[1])
			if anchor != "" {
				require.Contains(t, anchors(string(linked)), anchor, "%s links to %s", page, l[1])
			}
		}
	}
}

// anchors are what a page's headings are called in links.
func anchors(page string) (all []string) {
	for _, h := range heading.FindAllStringSubmatch(page, -1) {
		all = append(all, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
	}
	return all
}

type inner struct {
	Depth int `mapstructure:"depth"`
}

func TestOptionsAreThoseOfOurTypes(t *testing.T) {
	type config struct {
		Plain   string            `mapstructure:"plain"`
		Nested  map[string]*inner `mapstructure:"nested"`
		Foreign *testing.T        `mapstructure:"foreign,omitempty"`
		_       struct{}
		inner   `mapstructure:",squash"`
	}
	require.Equal(t, []string{"plain", "nested", "depth", "foreign", "depth"}, options(reflect.TypeOf(&config{})))
}
