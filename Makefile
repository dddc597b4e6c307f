# 'make run' does everything, from the installation to the report. The targets call the command tingfeng (README.md).
SHELL := /bin/bash
# The newest supported version that is installed and runs; pyenv also has commands for versions that are switched off.
PYTHON ?= $(shell for version in 3.13 3.12 3.11; do \
	python$$version -c '' 2>/dev/null && echo python$$version && exit; done; echo python3.11)
VENV := .venv
PY := $(VENV)/bin/python
TINGFENG := $(VENV)/bin/tingfeng

MANIFEST := dbt_project/target/manifest.json
DBT_SOURCES := $(shell find dbt_project -name target -prune -o -name logs -prune -o -type f -print)
DBT := DO_NOT_TRACK=1 PYTHONWARNINGS=ignore $(VENV)/bin/dbt --quiet
DBT_DIRS := --project-dir $(CURDIR)/dbt_project --profiles-dir $(CURDIR)/dbt_project
export DAGSTER_HOME := $(CURDIR)
export PYTHONWARNINGS ?= ignore

.PHONY: run dev refresh import report explain compare reconcile audit login sandbox
.PHONY: test test-all test-long check bench bench-text lock advisories sbom clean install
.DEFAULT_GOAL := run

# From a fresh clone to the published event and its report, on the sandbox.
run: $(MANIFEST)
	@$(TINGFENG) run

# The sandbox and the Dagster UI (http://127.0.0.1:3000) until Ctrl-C.
dev: $(MANIFEST)
	@$(TINGFENG) dev

# make refresh [START=YYYY-MM-DD END=YYYY-MM-DD]
refresh: $(MANIFEST)
	@$(TINGFENG) refresh $(if $(START),--start $(START)) $(if $(END),--end $(END))

# make import SRC=file-or-folder
import: $(VENV)/.installed
	@$(TINGFENG) import $(if $(SRC),"$(SRC)")

# make report [TOPIC=id] [AS_OF=2026-01-06T12:00] [LANGUAGE=en]
report: $(MANIFEST)
	@$(TINGFENG) report $(if $(TOPIC),--topic "$(TOPIC)") $(if $(AS_OF),--as-of "$(AS_OF)") $(if $(LANGUAGE),--language "$(LANGUAGE)")

# make explain FIGURE=volume.weibo [TOPIC=id] [AS_OF=time] [ALL=1]
explain: $(VENV)/.installed
	@$(TINGFENG) explain "$(FIGURE)" $(if $(TOPIC),--topic "$(TOPIC)") $(if $(AS_OF),--as-of "$(AS_OF)") $(if $(ALL),--all)

# make compare TOPIC=id FROM=2026-01-05T12:00 [TO=time] [LANGUAGE=en]
compare: $(MANIFEST)
	@$(TINGFENG) compare $(if $(TOPIC),--topic "$(TOPIC)") --from "$(FROM)" $(if $(TO),--to "$(TO)") $(if $(ENGLISH),--language en) $(if $(LANGUAGE),--language "$(LANGUAGE)")

# make reconcile REPORT=figures.json
reconcile: $(VENV)/.installed
	@$(TINGFENG) reconcile "$(REPORT)"

# make audit TOPIC=id [SIZE=300]
audit: $(VENV)/.installed
	@$(TINGFENG) audit $(if $(TOPIC),--topic "$(TOPIC)") $(if $(SIZE),--size $(SIZE))

# make login PLATFORM=douyin
login: $(VENV)/.installed
	@$(TINGFENG) login $(PLATFORM)

sandbox: $(VENV)/.installed
	@$(TINGFENG) sandbox serve

# The fast tests: within 6 minutes on 2 cores. Four at a time, because many wait for processes that they have started;
# tests/conftest.py groups and orders them.
WORKERS := -n 4 --dist loadfile --no-loadscope-reorder
test: $(MANIFEST)
	$(PY) -m pytest $(WORKERS) -m "not slow and not long"

# What CI runs.
test-all: $(MANIFEST)
	$(PY) -m pytest $(WORKERS) -m "not long"

# What takes too long for CI: run it before a release.
test-long: $(MANIFEST)
	$(PY) -m pytest $(WORKERS) -m long

# The manifest is made by dbt parse.
check: $(MANIFEST)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/sqlfluff lint dbt_project/models dbt_project/tests
	TINGFENG_DAGSTER_STORAGE="$$(mktemp -d)" $(VENV)/bin/dagster definitions validate -w workspace.yaml

# The speed of crawling, parsing and importing, as tables; docs/benchmarks.md has the figures.
bench: $(VENV)/.installed
	@$(PY) -m benchmarks.crawl
	@$(PY) -m benchmarks.parse
	@$(PY) -m benchmarks.imports

# Speed and quality of sentiment, duplicates and relevance.
bench-text: $(VENV)/.installed
	@$(PY) -m benchmarks.sentiment
	@$(PY) -m benchmarks.shares
	@$(PY) -m benchmarks.duplicates
	@$(PY) -m benchmarks.relevance

install: $(MANIFEST)

# The locked packages, then this project as an editable install, without a download.
$(VENV)/.installed: requirements.lock pyproject.toml
	@echo "Installing into $(VENV) with $(notdir $(PYTHON)); one to two minutes the first time."
	@$(PYTHON) -m venv $(VENV)
	@# Modules are compiled when they are imported: most never are, and compiling all takes another minute.
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(MANIFEST): $(VENV)/.installed $(DBT_SOURCES)
	@$(DBT) parse $(DBT_DIRS)
	@touch $@

# After a change of pyproject.toml: one lock for all supported versions and systems. It names no hosts.
lock:
	uv pip compile pyproject.toml --all-extras --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements.lock

# Known vulnerabilities of the locked packages, by pip-audit; says "NOT RUN" where no index of advisories can be reached.
advisories:
	@.ci/advisories.py

# The software bill of materials, from the lock: sbom.cdx.json (CycloneDX), with the hashes of all packages.
sbom:
	uvx --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements.lock --output-reproducible -o sbom.cdx.json

clean:
	rm -rf dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
