"""Checks params.yaml, as `make repro` does before any stage runs: `python -m stages.params`."""

import sys

from stages.errors import ParamsError
from stages.params.loading import load_params

if __name__ == "__main__":
    try:
        load_params()
    except ParamsError as problem:
        sys.exit(str(problem))
