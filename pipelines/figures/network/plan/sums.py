"""Selection of the symbols that a plan computes, and of those it merges into sums."""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from pipelines.figures.network.plan.products import GEMM, product_of
from pipelines.figures.network.plan.symbols import Symbol, is_number, root

__all__ = ["Term", "find_steps", "is_concatenation", "summands"]

Term = tuple[Any, Any]
"""A number, and the symbol or array that it multiplies."""


class Steps(NamedTuple):
    """The symbols that the results depend on.

    Attributes:
        order: The symbols to compute, in order, without views.
        reads: Number of reads of each symbol, directly or through its views.
        sums: Matrix products, concatenations of vectors, and sums that contain one of these which
            nothing else reads.
        deferred: Symbols that are computed within the only sum that reads them.
    """

    order: list[Symbol]
    reads: Counter
    sums: set[Symbol]
    deferred: set[Symbol]


def find_steps(nodes: list[Symbol], results: list[Symbol]) -> Steps:
    """Return the recorded symbols that the results depend on."""
    live, waiting = set(), list(results)
    while waiting:
        node = waiting.pop()
        waiting += [] if node in live else node.operands
        live.add(node)
    order = [node for node in nodes if node in live and node.function and node.parent is None]
    edges = [(root(operand), operand, node) for node in order for operand in node.operands]
    reads = Counter([read for read, _, _ in edges] + [root(result) for result in results])
    sums: set[Symbol] = set()
    for node in order:
        inner = [operand for operand in node.operands if operand in sums and reads[operand] == 1]
        contains_one = summands(node) and any(_same_shapes(node, operand) for operand in inner)
        if is_concatenation(node) or is_product(node) or contains_one:
            sums.add(node)
    deferred = {
        read
        for read, view, reader in edges
        if reads[read] == 1 and reader in sums and (read in sums or summands(read))
        if (view.size == read.size and view.sample.flags.c_contiguous)
        if is_concatenation(reader)
        or (summands(reader) and view is read and _same_shapes(reader, read))
    }
    return Steps([node for node in order if node not in deferred], reads, sums, deferred)


def summands(node: Symbol) -> list[Term]:
    """Return the terms of a sum or difference of two, or of a multiple; else an empty list."""
    function, operands = node.function, node.arguments
    if node.dtype not in GEMM or any(x.dtype != node.dtype for x in node.operands):
        return []
    numbers = [is_number(operand) for operand in operands]
    if function in (np.add, np.subtract) and not any(numbers):
        return [(1.0, operands[0]), (1.0 if function is np.add else -1.0, operands[1])]
    if function is np.multiply and any(numbers):
        return [operands if numbers[0] else operands[::-1]]
    if function is np.divide and numbers == [False, True]:
        return [(1 / operands[1], operands[0])]
    return []


def is_product(node: Symbol) -> bool:
    """Return whether a symbol is a matrix product that BLAS can compute."""
    if node.function is not np.einsum or node.keywords or node.dtype not in GEMM:
        return False
    same_type = all(operand.dtype == node.dtype for operand in node.arguments[1:])
    return same_type and product_of(node.arguments[0]) is not None


def _same_shapes(reader: Symbol, read: Symbol) -> bool:
    """Return whether a sum has the shape of an operand, for a concatenation of all operands."""
    operands = reader.operands if is_concatenation(read) else [read]
    return all(operand.shape == reader.shape for operand in operands)


def is_concatenation(node: Symbol) -> bool:
    """Return whether a symbol concatenates vectors that are all symbols."""
    if node.function is not np.concatenate or node.ndim > 1 or node.keywords:
        return False
    return all(isinstance(piece, Symbol) for piece in node.arguments[0])
