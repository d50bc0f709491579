# Everything a contributor types. Each target sets itself up: git, make and Python 3.11 to 3.13 are enough.
# The stamp file is newer than the lock when nothing changed, so a second call installs nothing.
USABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do p=$$(command -v $$name) && "$$p" -c '$(USABLE)' 2>/dev/null && { echo "$$p"; break; }; done)
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.synced
# Many tests wait for processes that they start, so there is one process more than there are cores. Tests that share a
# server, a cluster or a trained study stay together; what takes longest begins first (tests/conftest.py).
CORES  := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
PYTEST := $(BIN)/python -m pytest -n $(shell expr $(CORES) + 1) --maxprocesses 5 --dist loadscope --no-loadscope-reorder
LOCKED_EXTRAS := --extra cpu --extra slurm --extra ray --extra kaggle --extra team --extra jax --group dev

.DEFAULT_GOAL := help
.PHONY: help setup study test slow faults check lint types docs lock report ui clean

help: ## list these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

study: $(STAMP) ## run the smoke study on the embedded images with its report, some minutes
	$(BIN)/python -m bloodstudy.run -m study=smoke
	$(BIN)/python -m bloodstudy.report study=smoke

test: $(STAMP) ## run the quick tests
	$(PYTEST) -m "not slow and not faults"

slow: $(STAMP) ## run the slow tests (some minutes more)
	$(PYTEST) -m "slow and not faults"

faults: $(STAMP) ## inject the faults that it must survive, and print the score
	$(PYTEST) tests/faults

check: lint types docs ## what CI runs: lint, types, the site, all tests at once
	$(PYTEST)

lint: $(STAMP) ## ruff: rules and formatting; import-linter: the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo

types: $(STAMP) ## pyright
	$(BIN)/pyright

docs: $(STAMP) ## write the site of the documentation to site/; a link that leads nowhere is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

report: $(STAMP) ## write the report of the last sweep
	$(BIN)/python -m bloodstudy.report

ui: $(STAMP) ## compare the runs in MLflow's own interface
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db

lock: $(STAMP) ## resolve the dependencies again and write requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --upgrade \
	  $(LOCKED_EXTRAS) pyproject.toml -o requirements.lock

setup: $(STAMP) ## create .venv and install what requirements.lock names

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "bloodstudy needs Python 3.11, 3.12 or 3.13 with its venv module; none was found. Install one, or name it: make PYTHON=/path/to/python3.12"; exit 3; }
	@echo "setting up $(VENV), a minute or two"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check $$(grep -oE '^uv==[0-9.]+' requirements.lock)
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $(STAMP)

clean: ## remove the environment and all caches (never runs/ or mlflow.db)
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis dist build site
