# make run     the whole system at http://127.0.0.1:8050, from nothing
# make test    every test, browser included; ARGS="-k calendar" for some
# make check   lint, format, types
# make screenshots   the pictures of the README, taken again

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := run
NONE_IS_FINE = $(if $(ARGS),|| [ $$? -eq 5 ])

.PHONY: run setup setup-test browser test screenshots check bench lock clean

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
SOURCES := pyproject.toml constraints.txt
ARGS ?=
# Tests write into a folder of their own, never into the installation's data.
SCRATCH = $$(mktemp -d "$${TMPDIR:-/tmp}/supervision-XXXXXX")
TESTED = home=$(SCRATCH); trap 'rm -rf "$$home"' EXIT; SUPERVISION_HOME="$$home"

run: setup
	exec $(BIN)/supervise run $(ARGS)

setup: .venv/run.stamp

setup-test: .venv/test.stamp

$(BIN)/python:
	tools/system-packages venv
	"$$(tools/system-packages python)" -m venv --clear .venv

.venv/run.stamp: $(SOURCES) | $(BIN)/python
	$(PIP) install -e . -c constraints.txt
	touch $@

.venv/test.stamp: $(SOURCES) | $(BIN)/python
	$(PIP) install -e '.[test]' -c constraints.txt
	touch $@ .venv/run.stamp

browser:
	tools/system-packages browser

# The browser's driver keeps an event loop in its thread, so its tests have a process of their own.
# With ARGS one of the two may find no test of that name, which pytest tells by 5.
test: setup-test browser
	$(TESTED) $(BIN)/python -m pytest -m "not browser" $(ARGS) $(NONE_IS_FINE)
	$(TESTED) $(BIN)/python -m pytest -m browser $(ARGS) $(NONE_IS_FINE)

screenshots: setup-test browser
	$(TESTED) SCREENSHOTS=docs/images $(BIN)/python -m pytest tests/browser/test_screenshots.py $(ARGS)

check: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup-test
	$(TESTED) $(BIN)/python -m tests.bench $(ARGS)

# The newest versions that pyproject.toml allows, tried in a new environment; then run the tests.
lock:
	tools/lock constraints.txt

# The data in SUPERVISION_HOME stays.
clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
