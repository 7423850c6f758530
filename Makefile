# make help lists what there is. Recipes need a POSIX system with Go, git and
# make; make test installs the rest where it can.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 10s

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## Build bin/switchyard, one static file
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/switchyard ./cmd/switchyard

.PHONY: demo
demo: build ## Run the gateway with simulated providers and a webhook inbox
	@exec bin/switchyard demo

.PHONY: test
test: setup ## Run every test, on SQLite and PostgreSQL; installs what they need
	@test/all

.PHONY: test-short
test-short: ## Run what takes less than a minute: no PostgreSQL, no whole processes
	go test $$(go list ./... | grep -v /test/process)

.PHONY: setup
setup: ## Install what the tests need: PostgreSQL, tshark, Node and its packages
	@test/setup

.PHONY: race
race: setup ## Run every test under the race detector (needs a C compiler)
	CGO_ENABLED=1 test/with-postgres go test -race -timeout=30m ./...

# No input is made smaller: where other goroutines run beside, the coverage of the same input varies, and a minute would go by in trying.
.PHONY: fuzz
fuzz: ## Feed every parser random input, each for FUZZTIME=10s
	@go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}} {{.ImportPath}}{{end}}' ./... | while read -r dir package; do \
		for target in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' "$$dir"/*_test.go | cut -c 6-); do \
			echo "$$package $$target"; \
			go test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=1x "$$package"; \
		done; \
	done

# What to measure, and more flags for both runs: make bench BENCHFLAGS="--phases=all --repeat=5"
BENCHFLAGS ?=

.PHONY: bench
bench: build ## Measure this machine: rates, latencies and ceilings, on SQLite and PostgreSQL
	bin/switchyard bench $(BENCHFLAGS)
	@echo
	test/with-postgres sh -c 'bin/switchyard bench --store "$$SWITCHYARD_TEST_POSTGRES" "$$@"' bench $(BENCHFLAGS)

.PHONY: benchcmp
benchcmp: ## Compare the Go benchmarks with those of BASE=HEAD: time and allocations
	test/benchcmp $(or $(BASE),HEAD)

.PHONY: check
check: ## Check formatting and run go vet
	@unformatted=$$(git ls-files '*.go' | xargs gofmt -l); \
		[ -z "$$unformatted" ] || { echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; } >&2
	go vet ./...

.PHONY: lint
lint: bin/golangci-lint ## Run the linters of .golangci.yml (built once from source, some minutes)
	bin/golangci-lint run ./...

bin/golangci-lint: tools/go.mod tools/go.sum
	cd tools && go build -o ../bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: fmt
fmt: ## Format the code
	@git ls-files '*.go' | xargs gofmt -w

.PHONY: clean
clean: ## Remove what was built and installed here
	rm -rf bin test/peers/node_modules
