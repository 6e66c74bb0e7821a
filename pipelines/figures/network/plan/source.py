"""Calls on fixed arrays as one Python function."""

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from pipelines.figures.network.plan.symbols import Number

__all__ = ["Call", "write_source"]

# Elements of long vectors computed at once, so that a chain of operations stays in the cache.
BLOCK = 2**15


class Call(NamedTuple):
    """A function and its arguments."""

    function: Callable
    arguments: Sequence[Any]
    keywords: dict[str, Any]

    def arrays(self) -> dict[int, np.ndarray]:
        """Return the arguments that are arrays of at least one axis."""
        every = (*self.arguments, *self.keywords.values())
        return {id(each): each for each in every if isinstance(each, np.ndarray) and each.ndim}

    def length(self) -> int:
        """Return the length of long vectors that are computed element by element; else 0."""
        # A part of an array may overlap another part out of step: only whole arrays count.
        sizes = {
            each.size
            * (each.flags.c_contiguous and getattr(each.base, "size", each.size) == each.size)
            for each in self.arrays().values()
        }
        is_long = isinstance(self.function, np.ufunc) and len(sizes) == 1 and max(sizes) > BLOCK
        return sizes.pop() if is_long else 0


def write_source(calls: Sequence[Call], numbers: Sequence[str]) -> tuple[str, Callable[..., None]]:
    """Return a function of `numbers` that does the calls: its source, and the function.

    Successive operations on vectors of one length are done block by block.
    """
    values: dict[str, Any] = {}
    names: dict[int, str] = {}
    codes: dict[str, str] = {}

    def name(value: Any) -> str:
        if isinstance(value, Number):
            return codes.setdefault(value.code, f"number_{len(codes)}")
        if isinstance(value, int | float | None):
            return repr(value)
        kind = getattr(value, "__name__", type(value).__name__)
        found = names.setdefault(id(value), re.sub(r"\W", "_", kind) + f"_{len(names)}")
        values[found] = value
        return found

    def line(call: Call, prefix: str) -> str:
        def part(value: Any) -> str:
            is_array = isinstance(value, np.ndarray) and value.ndim > 0
            return prefix * is_array + name(value)

        keywords = [f"{key}={part(value)}" for key, value in call.keywords.items()]
        return f"{name(call.function)}({', '.join([*map(part, call.arguments), *keywords])})"

    body: list[str] = []
    for length, group in groupby(calls, Call.length):
        group = list(group)
        if not length:
            body += [line(call, "") for call in group]
            continue
        arrays = {key: each for call in group for key, each in call.arrays().items()}
        blocks = [
            [each.reshape(-1)[i : i + BLOCK] for each in arrays.values()]
            for i in range(0, length, BLOCK)
        ]
        variables = "".join(f"block_of_{name(each)}, " for each in arrays.values())
        body.append(f"for {variables}in {name(blocks)}:")
        body += ["    " + line(call, "block_of_") for call in group]
    body = [f"{each} = {code}" for code, each in codes.items()] + body
    source = f"def replay({', '.join(numbers)}):\n" + "".join(f"    {each}\n" for each in body)
    exec(source + "    return", values)
    return source, values["replay"]
