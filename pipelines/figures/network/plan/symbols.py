"""Symbolic arrays and numbers that record operations instead of computing them."""

import operator
import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

__all__ = ["Number", "Recorder", "Symbol", "is_number", "replaced", "root"]

OPERATORS = {
    np.add: "({} + {})",
    np.subtract: "({} - {})",
    np.multiply: "({} * {})",
    np.divide: "({} / {})",
    np.power: "({} ** {})",
    np.negative: "(-{})",
}

REDUCTIONS = {np.max: np.maximum, np.min: np.minimum, np.sum: np.add, np.prod: np.multiply}


class Number(NDArrayOperatorsMixin):
    """A number passed to each replay, or an expression of such numbers, as Python code."""

    __hash__ = object.__hash__

    def __init__(self, code: str) -> None:
        self.code = code

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if ufunc not in OPERATORS or not all(map(is_number, inputs)):
            return NotImplemented
        codes = (value.code if isinstance(value, Number) else f"({value!r})" for value in inputs)
        return Number(OPERATORS[ufunc].format(*codes))

    def __bool__(self) -> bool:
        raise TypeError("a planned formula must not branch on a number that changes")


def is_number(value: object) -> bool:
    """Return whether an operand is a Python number or a `Number`."""
    return isinstance(value, int | float | Number)


class Symbol(NDArrayOperatorsMixin):
    """An array of a plan: an input, or the result of `function(*arguments, **keywords)`.

    Attributes:
        sample: An array of the same shape and type.
        operands: The symbols among the arguments.
        parent: The symbol that this one is a view of, or None.
    """

    __hash__ = object.__hash__

    def __init__(
        self,
        nodes: list["Symbol"],
        sample: NDArray,
        function: Callable | None = None,
        arguments: tuple = (),
        keywords: dict[str, Any] | None = None,
        parent: "Symbol | None" = None,
    ) -> None:
        self.nodes, self.sample, self.parent = nodes, sample.view(), parent
        self.sample.flags.writeable = False
        self.function, self.arguments, self.keywords = function, arguments, keywords or {}
        self.operands = symbols_in((arguments, self.keywords))
        nodes.append(self)

    def __getattr__(self, name: str) -> Any:
        """Return a property of the array such as its shape, or a method such as `reshape`."""
        if name in ("shape", "ndim", "size", "dtype"):
            return getattr(self.sample, name)
        method = getattr(np.ndarray, name)
        return lambda *args, **kwargs: record(self.nodes, method, (self, *args), kwargs)

    @property
    def T(self) -> "Symbol":  # noqa: N802
        """The transposed array."""
        return self.transpose()

    def __len__(self) -> int:
        return len(self.sample)

    def __bool__(self) -> bool:
        raise TypeError("a planned formula must not branch on the values of an array")

    def __getitem__(self, key: Any) -> "Symbol":
        return record(self.nodes, operator.getitem, (self, key), {})

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if "out" in keywords:
            raise TypeError("a planned formula must not change an array in place")
        if method != "__call__" or keywords or ufunc.signature or ufunc.nout > 1:
            function = ufunc if method == "__call__" else getattr(ufunc, method)
            return record(self.nodes, function, inputs, keywords)
        shape = np.broadcast_shapes(*(value.shape for value in inputs if not is_number(value)))
        types = (getattr(x, "dtype", int if type(x) is int else float) for x in inputs)
        dtype = ufunc.resolve_dtypes((*types, None))[-1]
        return Symbol(self.nodes, np.zeros(shape, dtype), ufunc, inputs)

    def __array_function__(self, function: Callable, types: Any, args: tuple, kwargs: dict) -> Any:
        if function is np.einsum and re.fullmatch("[a-z]+(,[a-z]+)*->[a-z]*", args[0]):
            *terms, out = args[0].replace("->", ",").split(",")
            shapes = [length for operand in args[1:] for length in operand.shape]
            lengths = dict(zip("".join(terms), shapes, strict=True))
            dtype = np.result_type(*(operand.dtype for operand in args[1:]))
            return Symbol(self.nodes, np.zeros([lengths[i] for i in out], dtype), function, args)
        if function in REDUCTIONS and len(args) == 1:
            reduce = REDUCTIONS[function].reduce
            return record(self.nodes, reduce, args, {"axis": None} | kwargs)
        return record(self.nodes, function, args, kwargs)


class Recorder:
    """A stand-in for a random number generator that records the draws."""

    def __init__(self, nodes: list[Symbol], rng: np.random.Generator) -> None:
        self.nodes, self.rng = nodes, rng

    def __getattr__(self, name: str) -> Callable:
        def draw(*args: Any, **kwargs: Any) -> Symbol:
            sample = np.asarray(getattr(deepcopy(self.rng), name)(*args, **kwargs))
            return Symbol(self.nodes, sample, getattr(self.rng, name), args, kwargs)

        return draw


def record(nodes: list[Symbol], function: Callable, args: tuple, kwargs: dict) -> Any:
    """Record a function call; a call on the samples determines shape, type and parent."""
    sample_args, sample_kwargs = replaced((args, kwargs), lambda symbol: symbol.sample)
    with np.errstate(all="ignore"):
        sample = function(*sample_args, **sample_kwargs)
    if not isinstance(sample, np.ndarray | np.generic):
        raise TypeError(f"a planned formula must not use the values of an array: {function}")
    first = symbols_in((args, kwargs))[0]
    is_view = np.may_share_memory(sample, first.sample)
    sample = np.asarray(sample, order="K" if is_view else "C")
    return Symbol(nodes, sample, function, args, kwargs, first if is_view else None)


def replaced(value: Any, by: Callable[[Symbol], Any]) -> Any:
    """Return arguments with each symbol replaced by the result of `by`."""
    if isinstance(value, Symbol):
        return by(value)
    if isinstance(value, tuple | list):
        return type(value)([replaced(item, by) for item in value])
    if isinstance(value, dict):
        return {name: replaced(item, by) for name, item in value.items()}
    return value


def symbols_in(value: Any) -> list[Symbol]:
    """Return the symbols among arguments, including repetitions."""
    symbols: list[Symbol] = []
    replaced(value, symbols.append)
    return symbols


def root(symbol: Symbol) -> Symbol:
    """Return the symbol that owns the memory: a view's root, or the symbol itself."""
    return symbol if symbol.parent is None else root(symbol.parent)
