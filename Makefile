# The targets, one line of help each: make help
.DEFAULT_GOAL := help
SHELL := /bin/bash

TOOLS := $(CURDIR)/.tools
export GOTOOLCHAIN ?= local
BUILDER_VERSION := v0.164.0
GOLANGCI_VERSION := v2.15.0
GOFUMPT_VERSION := v0.12.0
SOURCES = $(shell git ls-files -co --exclude-standard '*.go' '*.yaml' 'extension/query/ui/*' go.mod go.sum ':!*_test.go')

# The shop runs the collector beside itself: Ctrl-C ends both, and either's end
# ends the other, with the collector's exit code.
SHOP ?= 1
CONFIG ?=
COLLECTOR = build/jcallgraph --config builtin:all-in-one $(addprefix --config ,$(CONFIG))
run: build $(if $(filter-out 0,$(SHOP)),build/shop) ## build the collector and start it with the example shop (SHOP=0: without; CONFIG=mine.yaml: merged on top)
	$(if $(filter-out 0,$(SHOP)),build/shop up -- )$(COLLECTOR)

build: build/jcallgraph ## build build/jcallgraph with the OpenTelemetry Collector Builder

build/shop: $(SOURCES)
	CGO_ENABLED=0 go build -trimpath -o $@ ./examples/shop

build/jcallgraph: $(TOOLS)/builder-$(BUILDER_VERSION) $(SOURCES)
	CGO_ENABLED=0 $(TOOLS)/builder-$(BUILDER_VERSION) --config collector-builder.yaml

test: build packages sources ## install what the tests need and run all of them
	go test -race -timeout 15m ./...
	go test -run TestVerdictsAreTrue ./bench/simulate
	$(MAKE) test-web

# What is committed of the pages must be what their sources give.
test-web: build build/shop packages web/node_modules
	cd web && npm run check && npm test
	cd web && built=$$(mktemp -d) && npm run build -- "$$built" && diff -r "$$built" ../extension/query/ui && rm -r "$$built"

web: web/node_modules ## build the web pages that the collector embeds; needs Node
	cd web && npm run check && npm run build

pictures: build build/shop packages web/node_modules ## take the pictures of the README again
	cd web && node e2e/pictures.mjs

web/node_modules: web/package-lock.json
	cd web && npm ci && touch node_modules

# What tests need beyond Go, as command=Debian package; missing ones are installed.
PACKAGES := chromium=chromium redis-server=redis-server node=nodejs npm=npm javac=default-jdk-headless mvn=maven python3=python3-venv
packages:
	@missing=; for p in $(PACKAGES); do command -v $${p%%=*} >/dev/null || missing="$$missing $${p##*=}"; done; \
	[ -z "$$missing" ] || { sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -q && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qy --no-install-recommends $$missing; }

# The applications of docs/trace-your-app.md, each in a copy with what it needs
# beside it. What cannot be installed is told here, and its test skips.
.SECONDEXPANSION:
APPS := examples/trace-your-app
sources: $(foreach app,java python node,$(TOOLS)/app-$(app)/installed) ## install the example applications that tests trace
$(TOOLS)/app-%/installed: $$(wildcard $(APPS)/$$*/*) | packages
	-rm -rf $(@D) && mkdir -p $(@D) && cp $$(git ls-files -co --exclude-standard $(APPS)/$*) $(@D) && cd $(@D) && sh -e install.sh && touch $@

lint: $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) ## check style: golangci-lint v2 with gofumpt
	$(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) run ./...

generate: ## rewrite generated files and golden files, except the frozen v1_*
	UPDATE_GOLDEN=1 go test ./...

FUZZTIME ?= 20s
fuzz: ## run every fuzz target for FUZZTIME (20s)
	@set -e; for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; go test $$package -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME); \
	  done; done

bench: build web/node_modules ## print the benchmarks' numbers, side by side with Jaeger (an hour)
	go run ./bench/ingest
	go run ./bench/query
	go run ./bench/sdk
	go run ./bench/sampling
	go run ./bench/storm
	go run ./bench/ids
	go run ./bench/wire
	go run ./bench/transfer
	go run ./bench/streams
	go run ./bench/simulate
	node bench/ui/main.mjs build/jcallgraph

clean: ## remove what was built; stored data stays where it is
	rm -rf build $(TOOLS)

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 10

# One file a tool and version, so that a new version is installed once.
$(TOOLS)/builder-$(BUILDER_VERSION):
	GOBIN=$(TOOLS) go install go.opentelemetry.io/collector/cmd/builder@$(BUILDER_VERSION) && mv $(TOOLS)/builder $@
$(TOOLS)/golangci-lint-$(GOLANGCI_VERSION):
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION) && mv $(TOOLS)/golangci-lint $@
$(TOOLS)/gofumpt-$(GOFUMPT_VERSION):
	GOBIN=$(TOOLS) go install mvdan.cc/gofumpt@$(GOFUMPT_VERSION) && mv $(TOOLS)/gofumpt $@

format: $(TOOLS)/gofumpt-$(GOFUMPT_VERSION) ## format all Go files
	$(TOOLS)/gofumpt-$(GOFUMPT_VERSION) -w $$(git ls-files '*.go')

.PHONY: pictures run build test test-web web packages sources lint generate fuzz bench clean help format
