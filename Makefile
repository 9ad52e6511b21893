# make run           the whole system at http://127.0.0.1:8050, from nothing
# make services      PostgreSQL, ClickHouse and Kafka without Docker: docs/services.md
# make test          every test, browser and cluster included; ARGS="-k calendar" for some
# make test-cluster  only those that need PostgreSQL, Kafka and ClickHouse
# make check         lint, format, types
# make screenshots   the pictures of the README, taken again

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := run
NONE_IS_FINE = $(if $(ARGS),|| [ $$? -eq 5 ])

.PHONY: run services setup setup-test browser paper service-packages test test-cluster screenshots check \
	bench lock clean

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
SOURCES := pyproject.toml constraints.txt
ARGS ?=
# Tests write into a folder of their own, never into the installation's data.
SCRATCH = $$(mktemp -d "$${TMPDIR:-/tmp}/supervision-XXXXXX")
TESTED = home=$(SCRATCH); trap 'rm -rf "$$home"' EXIT; SUPERVISION_HOME="$$home"

run: setup paper
	exec $(BIN)/supervise run $(ARGS)

services: .venv/cluster.stamp service-packages
	exec $(BIN)/python -m tools.services up $(ARGS)

setup: .venv/run.stamp

setup-test: .venv/test.stamp

$(BIN)/python:
	tools/system-packages venv
	"$$(tools/system-packages python)" -m venv --clear .venv

.venv/run.stamp: $(SOURCES) | $(BIN)/python
	$(PIP) install -e . -c constraints.txt
	touch $@

.venv/cluster.stamp: $(SOURCES) | $(BIN)/python
	$(PIP) install -e '.[cluster]' -c constraints.txt
	touch $@ .venv/run.stamp

.venv/test.stamp: $(SOURCES) | $(BIN)/python
	$(PIP) install -e '.[test]' -c constraints.txt
	touch $@ .venv/run.stamp .venv/cluster.stamp

browser:
	tools/system-packages browser

# Notices on paper are drawn by WeasyPrint, which needs libraries of the system.
paper: | $(BIN)/python
	tools/system-packages paper

# The short message centre that the tests start.
tests/smsc/node_modules/.package-lock.json: tests/smsc/package.json tests/smsc/package-lock.json
	tools/system-packages node
	cd tests/smsc && npm ci --no-audit --no-fund
	touch $@

# A judge of the exports that is no dependency of ours: some 240 MB, in an environment of its own.
JUDGE := .venv-pm4py
$(JUDGE)/stamp: tests/pm4py/requirements.txt
	tools/system-packages venv
	"$$(tools/system-packages python)" -m venv --clear $(JUDGE)
	$(JUDGE)/bin/python -m pip --disable-pip-version-check -q install --no-deps -r $<
	touch $@

service-packages: | $(BIN)/python
	tools/system-packages postgres
	tools/system-packages clickhouse
	tools/system-packages kafka
	$(BIN)/python -m tools.services fetch

# The browser's driver keeps an event loop in its thread, so its tests have a process of their own,
# and those that start servers another. With ARGS one of them may find no test of that name, which
# pytest tells by 5.
PYTEST = $(TESTED) $(BIN)/python -m pytest
CLUSTER = $(PYTEST) -m "cluster and not browser" $(ARGS) $(NONE_IS_FINE)

test: setup-test browser paper service-packages tests/smsc/node_modules/.package-lock.json $(JUDGE)/stamp
	$(PYTEST) -m "not browser and not cluster" $(ARGS) $(NONE_IS_FINE)
	$(PYTEST) -m browser $(ARGS) $(NONE_IS_FINE)
	$(CLUSTER)

test-cluster: setup-test service-packages
	$(CLUSTER)

screenshots: setup-test browser
	$(TESTED) SCREENSHOTS=docs/images $(BIN)/python -m pytest tests/browser/test_screenshots.py \
		tests/browser/test_card_loop.py $(ARGS)

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
	rm -rf .venv $(JUDGE) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
