"""The typed schema of params.yaml, and how the file is read."""

from stages.params.loading import load_params
from stages.params.schema import Params

__all__ = ["Params", "load_params"]
