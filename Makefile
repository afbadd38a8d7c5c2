# Everything below runs in .venv, which `setup` makes from the lock. Needs Python 3.11+ and the package registries.
PYTHON ?= python3
UV_VERSION := 0.13.8
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo smoke format lint imports types test check check-all engine kubernetes controllers promtool pr bench reference

help: ## What there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/'

setup: .venv/.ready ## Make .venv from the lock

.venv/.ready: pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv sync --locked --compile-bytecode --python $(BIN)/python
	@touch $@

demo: setup ## Deploy the demo into the embedded emulator, read it back, take it down
	@$(BIN)/haven demo

# Used by the shell, never by make: whatever is in them is an argument.
smoke: export ACCOUNT ?=
smoke: export REGIONS ?=
smoke: setup ## Deploy a small environment to a real account, fail over and back, destroy: ACCOUNT=… REGIONS=primary,recovery
	@$(BIN)/haven smoke --account "$$ACCOUNT" --regions "$$REGIONS"

format: setup ## Whether the code is formatted; changes nothing
	$(BIN)/ruff format --check .

lint: setup ## What the linter finds
	$(BIN)/ruff check .

imports: setup ## Whether packages import only what they may
	@PYTHONPATH=. $(BIN)/lint-imports --no-cache

types: setup ## Whether the types fit
	$(BIN)/mypy

test: setup ## All tests but the exhaustive ones
	$(BIN)/python -m tests.suite test

check: format lint imports ## What CI runs: format, lint, imports, types, tests; 15 minutes on 2 processors
	$(BIN)/python -m tests.suite check

check-all: setup $(if $(shell command -v go),engine kubernetes controllers) $(if $(shell command -v apt-get),promtool) ## The exhaustive tests, which check leaves out; 60 minutes on 2 processors
	$(BIN)/python -m tests.suite check-all

ENGINE := .haven/engine/bin
HOST := tests/engine/pulumi-language-python
ENGINE_PLUGINS := .haven/engine/plugins
KUBERNETES_PLUGIN := tests/engine/pulumi-resource-kubernetes
engine: $(ENGINE)/.ready $(ENGINE_PLUGINS)/.ready ## Build the Pulumi CLI, a Python language host and pulumi-kubernetes for the tests in tests/engine; needs Go 1.26

$(ENGINE)/.ready: $(wildcard $(HOST)/*)
	@mkdir -p $(ENGINE)
	go build -C $(HOST) -buildvcs=false -o $(CURDIR)/$(ENGINE)/ . github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
	@install "$$(go list -C $(HOST) -m -f '{{.Dir}}' github.com/pulumi/pulumi/sdk/v3)/python/cmd/pulumi-language-python-exec" $(ENGINE)
	@touch $@

$(ENGINE_PLUGINS)/.ready: tests/engine/untyped_sdk.py $(wildcard $(KUBERNETES_PLUGIN)/*) | setup
	$(BIN)/python -m tests.engine.untyped_sdk $(ENGINE_PLUGINS)/build
	go build -C $(KUBERNETES_PLUGIN) -buildvcs=false -modfile $(CURDIR)/$(ENGINE_PLUGINS)/build/go.mod \
	  -ldflags "-s -w" -o $(CURDIR)/$(ENGINE_PLUGINS)/ .
	@touch $@

PROMTOOL := .haven/prometheus
promtool: $(PROMTOOL)/usr/bin/promtool ## Unpack promtool from Debian's package prometheus, for the tests of alerting rules; needs apt-get

$(PROMTOOL)/usr/bin/promtool:
	@mkdir -p $(PROMTOOL)
	cd $(PROMTOOL) && apt-get -q download prometheus && dpkg -x prometheus_*.deb . && rm prometheus_*.deb

KUBERNETES := .haven/kubernetes
PROGRAMS := tests/kubernetes/programs
BUILD := go build -C $(PROGRAMS) -buildvcs=false -trimpath
VERSION := k8s.io/component-base/version.gitVersion
kubernetes: $(if $(HAVEN_KUBERNETES),,$(KUBERNETES)/bin/.ready) $(KUBERNETES)/crds/.ready ## Build a Kubernetes control plane for the tests in tests/kubernetes; needs Go 1.26

$(KUBERNETES)/bin/.ready: $(wildcard $(PROGRAMS)/*.*)
	@mkdir -p $(@D)
	$(BUILD) -ldflags "-s -w -X $(VERSION)=$$(go list -C $(PROGRAMS) -m -f '{{.Version}}' k8s.io/kubernetes)" \
	  -o $(CURDIR)/$(@D)/kube .
	$(BUILD) -ldflags "-s -w" -o $(CURDIR)/$(@D)/etcd go.etcd.io/etcd/server/v3
	$(BUILD) -ldflags "-s -w" -o $(CURDIR)/$(@D)/kwok sigs.k8s.io/kwok/cmd/kwok
	@touch $@

$(KUBERNETES)/crds/.ready: tests/kubernetes/definitions.py | setup
	$(BIN)/python -m tests.kubernetes.definitions $(@D)
	@touch $@

CONTROLLERS := $(KUBERNETES)/controllers
CONTROLLER = @begun=$$(date +%s); go build -C $(PROGRAMS)/$(1) -buildvcs=false -trimpath -ldflags "-s -w" \
  -o $(CURDIR)/$@ $(2) && echo "$(@F): built in $$(($$(date +%s) - begun)) s"
controllers: $(addprefix $(CONTROLLERS)/,keda-operator keda-metrics kueue kueue-webhooks.yaml) ## Build KEDA and Kueue for the tests in tests/kubernetes/controllers; needs Go 1.26

$(CONTROLLERS)/keda-operator: $(wildcard $(PROGRAMS)/keda/*)
	$(call CONTROLLER,keda,github.com/kedacore/keda/v2/cmd/operator)

$(CONTROLLERS)/keda-metrics: $(wildcard $(PROGRAMS)/keda/*)
	$(call CONTROLLER,keda,.)

$(CONTROLLERS)/kueue: $(wildcard $(PROGRAMS)/kueue/*)
	$(call CONTROLLER,kueue,sigs.k8s.io/kueue/cmd/kueue)

$(CONTROLLERS)/kueue-webhooks.yaml: $(PROGRAMS)/kueue/go.mod
	@install -D -m 644 "$$(go list -C $(PROGRAMS)/kueue -m -f '{{.Dir}}' sigs.k8s.io/kueue)/config/components/webhook/manifests.yaml" $@

# Used by the shell, never by make: a branch may have a dollar sign in its name.
pr: export BASE ?= main
pr: setup ## Print the comment on a pull request, against BASE (main); also in .haven/pr
	@$(BIN)/haven pr --base "$$BASE" --save .haven/pr

bench: setup ## Measure the tool: cold start, every tier, the report, plans of 1 to 8 systems, all rules, Ctrl-C
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/rules.py
	$(BIN)/python benchmarks/models.py
	$(BIN)/python benchmarks/interrupts.py

reference: setup ## Write what is generated: the page of all rules, the config reference, JSON Schemas, Pulumi.yaml
	$(BIN)/python -m haven_policies.reference
	$(BIN)/python -m infra.config.reference
	$(BIN)/python -m haven.model.drills
	$(BIN)/python -m haven.report.topology_svg
