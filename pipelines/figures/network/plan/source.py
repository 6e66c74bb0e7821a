"""Generation of one Python function from a sequence of calls."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipelines.figures.network.plan.symbols import Number

__all__ = ["Call", "write_source"]


class Call(NamedTuple):
    """A function and its arguments."""

    function: Callable
    arguments: Sequence[Any]
    keywords: dict[str, Any]


def write_source(calls: Sequence[Call], numbers: Sequence[str]) -> tuple[str, Callable[..., None]]:
    """Generate a function of the named numbers that executes the calls.

    Returns:
        The source code of the function, and the function.
    """
    values: dict[str, Any] = {}
    names: dict[int, str] = {}
    codes: dict[str, str] = {}

    def name(value: Any) -> str:
        if isinstance(value, Number):
            return codes.setdefault(value.code, f"number_{len(codes)}")
        if value is None or (type(value) in (int, float, bool) and np.isfinite(value)):
            return repr(value)
        kind = getattr(value, "__name__", type(value).__name__)
        variable = names.setdefault(id(value), re.sub(r"\W", "_", kind) + f"_{len(names)}")
        values[variable] = value
        return variable

    body = []
    for function, arguments, keywords in calls:
        named = [f"{key}={name(value)}" for key, value in keywords.items()]
        body.append(f"{name(function)}({', '.join([*map(name, arguments), *named])})")
    body = [f"{variable} = {code}" for code, variable in codes.items()] + body
    source = f"def replay({', '.join(numbers)}):\n" + "".join(f"    {line}\n" for line in body)
    exec(source + "    return", values)
    return source, values["replay"]
