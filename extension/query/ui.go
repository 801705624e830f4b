package query

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"time"
)

//go:embed ui
var bundle embed.FS

// uiFile is a file of the web pages; web/ has their sources.
type uiFile struct {
	name string
	text []byte
	tag  string // of its content; weak, because it may be sent compressed
}

// uiFiles by name. They are small, so they are kept as they are sent.
func uiFiles(from fs.FS) (map[string]uiFile, error) {
	names, err := fs.Glob(from, "ui/*")
	if err != nil {
		return nil, err
	}
	files := make(map[string]uiFile, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, fmt.Errorf("read embedded page: %w", err)
		}
		files[path.Base(name)] = uiFile{path.Base(name), text, fmt.Sprintf(`W/"%.8x"`, sha256.Sum256(text))}
	}
	return files, nil
}

// policy lets the pages run their own script and ask this server, nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ui serves the web pages. Their links are relative, so that they work under
// any prefix; what they show is in the part of the URL that is never sent.
func (s *Server) ui(mux *http.ServeMux) {
	files, err := uiFiles(bundle)
	if err != nil {
		panic(err) // the files are part of the program
	}
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) { serveFile(w, r, files["index.html"]) })
	mux.HandleFunc("/assets/{name}", func(w http.ResponseWriter, r *http.Request) {
		file, found := files[r.PathValue("name")]
		if !found || file.name == "index.html" {
			nothingAt(w, r)
			return
		}
		serveFile(w, r, file)
	})
	mux.HandleFunc("/trace/{id}", jaegerLink)
}

func serveFile(w http.ResponseWriter, r *http.Request, file uiFile) {
	if !allowed(w, r, problemError) {
		return
	}
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-cache") // asks again, and is told that nothing changed
	w.Header().Set("ETag", file.tag)
	http.ServeContent(w, r, file.name, time.Time{}, bytes.NewReader(file.text))
}

// jaegerLink is where links in the form of Jaeger's UI lead.
func jaegerLink(w http.ResponseWriter, r *http.Request) {
	if !allowed(w, r, problemError) {
		return
	}
	w.Header().Set("Location", "../#/chain/"+url.PathEscape(r.PathValue("id")))
	w.WriteHeader(http.StatusFound)
}

func nothingAt(w http.ResponseWriter, r *http.Request) {
	problemError(w, http.StatusNotFound, fmt.Errorf("nothing is at %s: /#/help lists what there is", r.URL.Path))
}
