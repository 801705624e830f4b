package query

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestPagesAreServedAtTheRootAndUnderTheBasePath(t *testing.T) {
	s := newServer(t, shop())
	for _, base := range []string{"/", "/base/"} {
		page := ask(s, http.MethodGet, base)
		require.Equal(t, http.StatusOK, page.Code, base)
		require.Contains(t, page.Header().Get("Content-Type"), "text/html", base)
		require.NotContains(t, page.Body.String(), `="/`, "a link from the root would leave the base path")
		for asset, kind := range map[string]string{"app.js": "javascript", "app.css": "text/css"} {
			require.Contains(t, page.Body.String(), `"assets/`+asset+`"`)
			w := ask(s, http.MethodGet, base+"assets/"+asset)
			require.Equal(t, http.StatusOK, w.Code, base+asset)
			require.Contains(t, w.Header().Get("Content-Type"), kind, base+asset)
		}
	}
}

func TestPagesRunTheirOwnScriptOnly(t *testing.T) {
	for _, path := range []string{"/", "/assets/app.js"} {
		header := ask(newServer(t, shop()), http.MethodGet, path).Header()
		require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
		require.NotContains(t, header.Get("Content-Security-Policy"), "unsafe")
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	}
}

func TestPagesAreSentAgainOnlyWhenTheyChanged(t *testing.T) {
	s := newServer(t, shop())
	r := request(http.MethodGet, "/assets/app.js")
	r.Header.Set("Accept-Encoding", "gzip")
	first := answer(s, r)
	require.Equal(t, "gzip", first.Header().Get("Content-Encoding"))
	require.Equal(t, "no-cache", first.Header().Get("Cache-Control"))
	r.Header.Set("If-None-Match", first.Header().Get("ETag"))
	again := answer(s, r)
	require.Equal(t, http.StatusNotModified, again.Code)
	require.Empty(t, again.Body.Bytes())
	r.Header.Set("If-None-Match", `W/"0"`)
	require.Equal(t, http.StatusOK, answer(s, r).Code)
}

func TestTagsFollowTheContent(t *testing.T) {
	tag := func(text string) string {
		files, err := uiFiles(fstest.MapFS{"ui/app.js": {Data: []byte(text)}})
		require.NoError(t, err)
		return files["app.js"].tag
	}
	require.Equal(t, tag("a"), tag("a"))
	require.NotEqual(t, tag("a"), tag("b"))
	require.True(t, strings.HasPrefix(tag("a"), `W/"`), "it is sent compressed and plain under one tag")
}

func TestHeadOfThePagesHasNoBody(t *testing.T) {
	for _, path := range []string{"/", "/assets/app.css", "/trace/1"} {
		get, head := ask(newServer(t, shop()), http.MethodGet, path), ask(newServer(t, shop()), http.MethodHead, path)
		require.Equal(t, get.Code, head.Code, path)
		require.Equal(t, get.Header().Get("Content-Type"), head.Header().Get("Content-Type"), path)
		require.Empty(t, head.Body.Bytes(), path)
		require.Equal(t, http.StatusMethodNotAllowed, ask(newServer(t, shop()), http.MethodPost, path).Code, path)
	}
}
