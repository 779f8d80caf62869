# Heartline. `make` alone lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run test check format crash bench clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Heartline needs Python 3.11 or newer; name one with make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "setting up $(VENV) ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: $(READY) ## make the virtual environment

run: $(READY) ## record the sample incident into an embedded Postgres and print the verdict
	@$(BIN)/python -m infrastructure.cli.tour

test: check ## run every check and every test
	@$(BIN)/pytest -m "not bench" -n auto --maxprocesses 4 --dist loadfile

check: $(READY) ## format, lint, types and import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports

format: $(READY) ## format the code and mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

crash: $(READY) ## kill imports and Postgres at 50 random moments each, services at 200, and compare
	@HEARTLINE_CRASHES=50 $(BIN)/pytest -m crash

bench: $(READY) ## ratios against the peers, each from one interleaved run
	@$(BIN)/python -m tests.bench

clean: ## remove the virtual environment and caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
