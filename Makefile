# One command each; `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
# Stages call `python`: let it be the environment's, whatever shell this is.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# MLflow's servers send usage data to nobody; the stages see to that themselves.
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help setup check repro smoke publish test lint format reference ui serve repeat clean

help:  ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

setup: $(BIN)/.installed  ## Make .venv and install the pinned dependencies into it

$(BIN)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %s; name one with make PYTHON=..." % sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

check: setup  ## Check params.yaml and what a killed process may have left behind
	@python -m stages.params
	@python -m stages.recovery

repro: check  ## Run every stage that is out of date, track every variant
	dvc repro

smoke: setup  ## Run the whole workflow small, in .scratch/smoke, in less than two minutes
	@python -m stages.smoke

publish: setup  ## Send to the tracking store what it missed of the results
	@python -m stages.publish

test: setup lint  ## Lint, then run the whole test suite
	OMP_NUM_THREADS=1 python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

lint: setup  ## Check format, style and the rules of the house
	ruff format --check .
	ruff check .
	lint-imports

format: setup  ## Format the code and mend what can be mended
	ruff format .
	ruff check --fix .

reference: setup  ## Write the parameter reference in README.md anew
	python -m stages.reference

ui: PORT ?= 5000
ui: setup  ## Open the MLflow UI on http://127.0.0.1:5000 (PORT=... for another)
	store="$$(python -m stages.store)" && \
	  mlflow ui --host 127.0.0.1 --port $(PORT) --workers 1 --backend-store-uri "$$store"

serve: PORT ?= 5001
serve: setup  ## Serve the best variant, PIPELINE=..., on http://127.0.0.1:5001 (PORT=... for another)
	@exec python -m stages.serve "$(PIPELINE)" "$(PORT)"

repeat: setup  ## Compute a run once more from its commit and parameters, and compare (RUN=<its id>)
	@python -m stages.repeat "$(RUN)"

clean:  ## Remove the environment and caches; results and tracking stay
	rm -rf .venv .scratch .pytest_cache .ruff_cache .hypothesis .import_linter_cache
