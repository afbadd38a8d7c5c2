# Everything below runs in .venv, which `setup` makes from the lock. Needs Python 3.11+ and the package registries.
PYTHON ?= python3
UV_VERSION := 0.13.8
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench reference

help: ## What there is
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/'

setup: .venv/.ready ## Make .venv from the lock

.venv/.ready: pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv sync --locked --compile-bytecode --python $(BIN)/python
	@touch $@

demo: setup ## Deploy the demo into the embedded emulator, read it back, take it down
	@$(BIN)/haven demo

test: setup ## All tests
	$(BIN)/pytest

check: setup ## What CI runs: format, lint, types, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest

bench: setup ## Measure the tool: cold start, plans of 1 to 8 systems, all rules over the largest of them
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/rules.py

reference: setup ## Write the page of all rules of the policy pack
	$(BIN)/python -m policies.reference
