"""Compilation of array formulas to a fixed sequence of NumPy and BLAS calls."""

from pipelines.figures.network.plan.plan import Plan

__all__ = ["Plan"]
