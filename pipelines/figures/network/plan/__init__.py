"""Speed for formulas: a function of arrays, laid out once as calls on fixed buffers."""

from pipelines.figures.network.plan.plan import Plan

__all__ = ["Plan"]
