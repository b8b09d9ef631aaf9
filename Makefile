# Two commands: `make run` and `make test`. Everything else is a step of one of them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCALE ?= demo
PORT ?= 4000
VAR ?= var
TODAY ?= 2026-11-01T12:00:00+00:00
STRICT ?=
JOBS ?= 2
export TWS_MODE ?= development
export TWS_SCHEMA ?= schema
export TWS_DATA ?= $(VAR)/data
export TWS_KEYS ?= $(VAR)/keys
export STRICT

.PHONY: run dev docs test install install-dev data token schema check lint types layers stale pytest bench compare demo scale requirements clean

run: install data
	TWS_TODAY=$(TODAY) $(BIN)/gateway serve --subgraphs asgi --port $(PORT) --var $(VAR)

# as run, and again after each save of subgraphs/ or schema/; what is wrong is told, and the last good graph stays up.
# ONLY=visas runs that subgraph beside mocks of all others
dev: install data
	TWS_TODAY=$(TODAY) $(BIN)/gateway dev --port $(PORT) --var $(VAR) $(addprefix --only ,$(ONLY))

test: install-dev
	$(MAKE) --no-print-directory lint types layers stale check pytest

# -- the environment -----------------------------------------------------------------------------------------------
install: $(VENV)/run.stamp
install-dev: $(VENV)/dev.stamp

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/dev.stamp: requirements-dev.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/run.stamp

# -- data and generated files ----------------------------------------------------------------------------------------
data: $(VAR)/data/$(SCALE).stamp

$(VAR)/data/$(SCALE).stamp: schema/registry.toml | $(VENV)/run.stamp
	$(BIN)/python -m subgraphs.kit.seed --scale $(SCALE) --data $(VAR)/data
	touch $@

token: install
	@$(BIN)/gateway token --persona "$(PERSONA)" --var $(VAR)

schema: install
	$(BIN)/python -m subgraphs.kit.export
	$(BIN)/gateway compose --config schema/registry.toml --at $(TODAY)

# -- what `make test` runs -------------------------------------------------------------------------------------------
lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install-dev
	$(BIN)/mypy

layers: install-dev
	$(BIN)/lint-imports

stale: install-dev
	$(BIN)/python -m subgraphs.kit.export --check
	$(BIN)/gateway compose --config schema/registry.toml --check

check: install-dev
	$(BIN)/gateway check

pytest: install-dev
	TWS_TEST_POSTGRES=1 $(BIN)/pytest -n $(JOBS) $(if $(STRICT),,-m "not slow")

# the documentation as a site in site/, with search, without anything from elsewhere
docs: install-dev
	$(BIN)/python -m mkdocs build --strict --quiet

bench: install-dev
	$(BIN)/pytest tests/benchmarks -p no:xdist --benchmark-only -q
	$(BIN)/python -m tests.benchmarks side-by-side

# the public gateways benchmark, this gateway beside others: KIT is its folder (docs/performance.md)
compare: install-dev
	$(BIN)/python -m tests.benchmarks.public $(or $(KIT),$(error say where the benchmark is: make compare KIT=...))

# State revokes visas, a port of entry hears of each and acknowledges it: how long that takes, and both sides of the record
demo: install-dev
	$(BIN)/python -m tests.benchmarks.revocations $(or $(REVOCATIONS),1000)

# many travelers in PostgreSQL, kept in FOLDER: what every query of the domain takes for 1, 16 and 64 users (docs/scale.md)
scale: install-dev
	$(BIN)/python -m tests.scale.load $(or $(FOLDER),$(error say where there is room for 15 GB: make scale FOLDER=...)) $(or $(TRAVELERS),1000000)

requirements:
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --no-annotate --quiet --python-version 3.11 -o requirements.txt pyproject.toml
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --no-annotate --quiet --python-version 3.11 --extra test -o requirements-dev.txt pyproject.toml

clean:
	rm -rf $(VENV) $(VAR) build dist
