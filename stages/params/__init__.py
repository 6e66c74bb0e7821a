"""Typed schema and reader of params.yaml."""

from stages.params.loading import load_params
from stages.params.schema import Params

__all__ = ["Params", "load_params"]
