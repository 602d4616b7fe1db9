PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: demo test check

demo: $(READY)
	@$(BIN)/clvbayes demo

test: $(READY)
	@$(BIN)/python -m pytest

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# A hashed lock cannot hold the project itself, so the lock is installed first and the project after it without dependencies.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12) and "clvbayes needs Python 3.12 or newer, and this is " + sys.version.split()[0] + "; try: make PYTHON=python3.13 ...")'
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing clvbayes into $(VENV), about a minute the first time"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)
