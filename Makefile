# Tingfeng. 'make run' does everything from nothing; README.md has the rest.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
PY := $(VENV)/bin/python
TINGFENG_DATA ?= data

# Dagster's home is this folder (dagster.yaml); what it stores goes into the data folder.
export TINGFENG_DATA := $(abspath $(TINGFENG_DATA))
export DAGSTER_HOME := $(CURDIR)
export TINGFENG_DAGSTER_STORAGE := $(TINGFENG_DATA)/dagster
# None of these tools is to call home.
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false
export PYTHONWARNINGS ?= ignore
export PYTHONUNBUFFERED := 1

MANIFEST := dbt_project/target/manifest.json
DBT_SOURCES := $(shell find dbt_project -name target -prune -o -name logs -prune -o -type f -print)
DBT := $(VENV)/bin/dbt --quiet
DBT_DIRS := --project-dir $(CURDIR)/dbt_project --profiles-dir $(CURDIR)/dbt_project

.PHONY: run test test-all check bench bench-text dev sandbox refresh import audit report explain compare reconcile login clean lock
.DEFAULT_GOAL := run

# From a fresh clone to the published event: environment, sandbox, crawl of the event's days, marts. Runs for the
# sandbox whatever the environment says.
run: export TINGFENG_SOURCE := sandbox
run: $(MANIFEST) | $(TINGFENG_DATA)
	@$(PY) -m sandbox labels --out $(TINGFENG_DATA)/labels/sandbox.csv
	@$(PY) -m sandbox during $(PY) -m orchestration.cli.refresh --start 2026-01-01 --end 2026-01-06

# The fast tests: within 6 minutes on 2 cores. Four at a time on these, for many wait for processes that they started;
# grouped and ordered by tests/conftest.py.
WORKERS := -n 4 --dist loadfile --no-loadscope-reorder
test: $(MANIFEST)
	$(PY) -m pytest $(WORKERS) -m "not slow"

test-all: $(MANIFEST)
	$(PY) -m pytest $(WORKERS)

# dbt parse is what makes the manifest.
check: $(MANIFEST)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/sqlfluff lint dbt_project/models dbt_project/tests
	$(VENV)/bin/dagster definitions validate -w workspace.yaml

# How fast pages are collected, bodies parsed and exports imported: tables, no tests. docs/benchmarks.md has figures.
bench: $(VENV)/.installed
	@$(PY) -m benchmarks.crawl
	@$(PY) -m benchmarks.parse
	@$(PY) -m benchmarks.imports

# How fast, and how well, sentiment, duplicates and relevance are told.
bench-text: $(VENV)/.installed
	@$(PY) -m benchmarks.sentiment
	@$(PY) -m benchmarks.shares
	@$(PY) -m benchmarks.duplicates
	@$(PY) -m benchmarks.relevance

# The sandbox and the Dagster UI (http://127.0.0.1:3000) until Ctrl-C.
dev: $(MANIFEST) | $(TINGFENG_DATA)
	@$(PY) -m sandbox labels --out $(TINGFENG_DATA)/labels/sandbox.csv
	$(PY) -m sandbox during $(VENV)/bin/dagster dev -w workspace.yaml -h 127.0.0.1 -p 3000

sandbox: $(VENV)/.installed
	@$(PY) -m sandbox serve

# make refresh [START=YYYY-MM-DD END=YYYY-MM-DD]
refresh: $(MANIFEST) | $(TINGFENG_DATA)
	@$(PY) -m orchestration.cli.refresh $(if $(START),--start $(START)) $(if $(END),--end $(END))

# make import SRC=file-or-folder
import: $(VENV)/.installed
	@$(PY) -m scrapers.importers $(if $(SRC),"$(SRC)")

# make audit TOPIC=id [SIZE=300]: posts for analysts to label, so that the shares of sentiments can be corrected.
audit: $(VENV)/.installed
	@$(PY) -m orchestration.cli.audit --topic "$(TOPIC)" $(if $(SIZE),--size $(SIZE))

# make compare TOPIC=id FROM=2026-01-05T12:00 [TO=time] [ENGLISH=1]: which figures moved between two moments, and why;
# without TO, until what is published now.
compare: $(MANIFEST)
	@$(PY) -m orchestration.cli.compare --topic "$(TOPIC)" --from "$(FROM)" $(if $(TO),--to "$(TO)") $(if $(ENGLISH),--english)

# make report [TOPIC=id] [AS_OF=2026-01-06T12:00] [LANGUAGE=en]: a topic's report, into data/reports/.
report: $(MANIFEST)
	@$(PY) -m orchestration.cli.report $(if $(TOPIC),--topic "$(TOPIC)") $(if $(AS_OF),--as-of "$(AS_OF)") $(if $(LANGUAGE),--language "$(LANGUAGE)")

# make explain FIGURE=volume.weibo [TOPIC=id] [AS_OF=time] [ALL=1]: the SQL and the posts behind a number of a report.
explain: $(VENV)/.installed
	@$(PY) -m orchestration.cli.explain --figure "$(FIGURE)" $(if $(TOPIC),--topic "$(TOPIC)") $(if $(AS_OF),--as-of "$(AS_OF)") $(if $(ALL),--all)

# make reconcile REPORT=figures.json: whether the figures of a report, anybody's, can be true together.
reconcile: $(VENV)/.installed
	@$(PY) -m orchestration.cli.reconcile --report "$(REPORT)"

# make login PLATFORM=douyin: the browser in which an operator logs in, for live collection.
login: $(VENV)/.installed
	@$(PY) -m scrapers.login $(PLATFORM)

$(TINGFENG_DATA):
	@mkdir -p $(TINGFENG_DATA)

$(VENV)/.installed: requirements.lock
	@echo "Installing into $(VENV); one to two minutes the first time."
	@$(PYTHON) -m venv $(VENV)
	@# Compiled as it is imported: most of it never is, and compiling all takes another minute.
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile -r requirements.lock
	@touch $@

$(MANIFEST): $(VENV)/.installed $(DBT_SOURCES)
	@$(DBT) parse $(DBT_DIRS)
	@touch $@

# After a change of pyproject.toml. The lock names no hosts.
lock:
	uv pip compile pyproject.toml --all-extras --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements.lock

clean:
	rm -rf dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
