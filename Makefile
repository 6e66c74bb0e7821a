# One command each; `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
# Stages call `python`: let it be the environment's, whatever shell this is.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# MLflow's servers send no usage data; the stages see to that themselves.
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help setup doctor repro smoke publish test lint format docs ui serve reproduce clean

help:  ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

setup: $(BIN)/.installed  ## Create .venv and install the pinned dependencies into it

$(BIN)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %s; name one with make PYTHON=..." % sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

doctor: setup  ## Check params.yaml and repair what a killed process left half-written
	@python -m stages.commands.doctor

repro: doctor  ## Run every stage that is out of date, log every model, register the champions
	dvc repro
	@python -m stages.commands.publish

smoke: setup  ## Run the whole workflow with little data in .scratch/smoke
	@python -m stages.commands.smoke

publish: setup  ## Log to the tracking store what it lacks of the results
	@TRACKING_REQUIRED=$${TRACKING_REQUIRED:-1} python -m stages.commands.publish

test: setup lint  ## Lint, then run the whole test suite
	OMP_NUM_THREADS=1 python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

lint: setup  ## Check format, style and dependencies between modules
	ruff format --check .
	ruff check .
	lint-imports

format: setup  ## Format the code and apply automatic fixes
	ruff format .
	ruff check --fix .

docs: setup  ## Write the tables, numbers and pictures of README.md and docs/ from the results
	@python -m stages.docs

ui: PORT ?= 5000
ui: setup  ## Open the MLflow UI on http://127.0.0.1:5000 (PORT=... for another)
	@exec python -m stages.commands.ui "$(PORT)"

serve: PORT ?= 5001
serve: setup  ## Serve the champion of PIPELINE=... on http://127.0.0.1:5001 (PORT=... for another)
	@exec python -m stages.commands.serve "$(PIPELINE)" "$(PORT)"

reproduce: setup  ## Compute a run again from its commit and parameters, and compare (RUN=<its id>)
	@python -m stages.commands.reproduce $(RUN)

clean:  ## Remove the environment and caches; results and tracking stay
	rm -rf .venv .scratch .pytest_cache .ruff_cache .hypothesis .import_linter_cache
