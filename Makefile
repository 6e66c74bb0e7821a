# `make` lists the commands.

PYTHON ?= python3
BIN := .venv/bin
# Stages call `python`, which must be the one of the environment.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Disable telemetry of the MLflow servers. Stages set this variable themselves.
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help setup doctor repro smoke publish test lint format docs ui serve reproduce clean

help:  ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

setup: $(BIN)/.installed  ## Create .venv with the pinned dependencies

$(BIN)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %s; name one with make PYTHON=..." % sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

doctor: setup  ## Check params.yaml and repair files that a killed DVC process left incomplete
	@python -m stages.commands.doctor

repro: doctor  ## Run the outdated stages, log all models to MLflow, register the champions
	dvc repro
	@python -m stages.commands.publish

smoke: setup  ## Run the workflow on little data, in .scratch/smoke
	@python -m stages.commands.smoke

publish: setup  ## Log results that the tracking store lacks
	@TRACKING_REQUIRED=$${TRACKING_REQUIRED:-1} python -m stages.commands.publish

test: setup lint  ## Lint, then run all tests
	OMP_NUM_THREADS=1 python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

lint: setup  ## Check formatting, style and imports between modules
	ruff format --check .
	ruff check .
	lint-imports

format: setup  ## Format the code and apply automatic fixes
	ruff format .
	ruff check --fix .

docs: setup  ## Update the generated parts of README.md and docs/ from the results
	@python -m stages.docs

ui: PORT ?= 5000
ui: setup  ## Open the MLflow UI on http://127.0.0.1:5000 (PORT=... for another)
	@exec python -m stages.commands.ui "$(PORT)"

serve: PORT ?= 5001
serve: setup  ## Serve the champion of PIPELINE=... on http://127.0.0.1:5001 (PORT=... for another port)
	@exec python -m stages.commands.serve "$(PIPELINE)" "$(PORT)"

reproduce: setup  ## Rerun a commit with the parameters of RUN=<run id> and compare the metrics
	@python -m stages.commands.reproduce $(RUN)

clean:  ## Remove the environment and caches, but not results and tracking store
	rm -rf .venv .scratch .pytest_cache .ruff_cache .hypothesis .import_linter_cache
