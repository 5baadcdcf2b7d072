# Sets everything up in .venv and runs the main jobs. Needs Python 3.11–3.13 with venv, make and git; nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: demo test test-half test-rest check lock clean

demo: $(VENV)/.runtime
	$(BIN)/satukanal demo

# Two halves side by side: much of the time is waiting for servers, for runs and for the disk.
HALF := tests/connectors tests/crash tests/store tests/care tests/tools
test: $(VENV)/.dev
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-half test-rest

test-half: $(VENV)/.dev
	$(BIN)/pytest $(HALF)

test-rest: $(VENV)/.dev
	$(BIN)/pytest $(HALF:%=--ignore=%)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	    { echo "$(PYTHON) is $$($(PYTHON) --version 2>&1); Satu Kanal needs 3.11 to 3.13: make PYTHON=python3.12 …"; exit 1; }
	@echo "Setting up $(VENV) (about 1 GB, some minutes; from the package index that pip is set to use) …"
	$(PYTHON) -m venv $(VENV)

# The lock holds every package with its hash, so pip resolves nothing. Byte code is compiled once, at installation.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/pip
	$(PIP) install --no-deps --require-hashes --compile -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(PIP) install --no-deps --require-hashes --compile -r requirements-dev.lock
	touch $@

# For maintainers: resolve the lock files anew (needs uv). They name no registry.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock:
	$(LOCK) --extra build pyproject.toml --output-file requirements.lock
	$(LOCK) --extra build --extra dev pyproject.toml --output-file requirements-dev.lock

# The store and the archive under var/ are left alone.
clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
