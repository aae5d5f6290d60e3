# A bare `make` prints what there is.
PYTHON ?= python3
PORT ?= 8000
PRACTICE_PORT ?= 8001
DATABASE ?= sqlite
export PORT PRACTICE_PORT
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo demo-reset run test test-quick test-browser lint bench chaos lock
help: ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# Made anew when it is missing or older than the lock. Every package is checked against its hash.
$(VENV)/ready: requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "PPE needs Python 3.11 or newer.")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

demo: $(VENV)/ready ## everything on this machine, with a practice tenant; nothing to configure
	@$(BIN)/python -m ppe.practice.demo

demo-reset: ## forget what the demo holds
	rm -rf .demo

run: $(VENV)/ready ## the real thing: web and worker
	@PATH="$(CURDIR)/$(BIN):$$PATH" PPE_PUBLIC_URL="$${PPE_PUBLIC_URL:-http://127.0.0.1:$(PORT)}" $(BIN)/honcho start

# Browsers and storms have deadlines in seconds, and what is timed has a limit: nothing else runs beside them.
test: $(VENV)/ready ## every test, browser included; what matters on both databases runs on both
	$(BIN)/pytest -n auto -m "not browser and not chaos and not timed"
	$(BIN)/pytest -m "browser or chaos or timed"

test-quick: $(VENV)/ready ## the tests that need no browser and no patience, on SQLite or DATABASE=postgresql
	$(BIN)/pytest -q -n auto -m "not browser and not chaos and not slow" --database $(DATABASE)

lint: $(VENV)/ready ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/ready ## how fast the sync line is, as one JSON object
	@$(BIN)/python -m bench

chaos: $(VENV)/ready ## 20 syncs while everything is killed, slowed and cut; SEED=… repeats a storm
	@$(BIN)/python -m tests.chaos --database $(DATABASE) $(if $(SEED),--seed $(SEED))

lock: $(VENV)/ready ## renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --all-extras pyproject.toml -o requirements.lock
