"""A plan: a function of arrays, compiled to calls on fixed buffers."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.figures.network.plan.products import gemm_calls
from pipelines.figures.network.plan.source import Call, write_source
from pipelines.figures.network.plan.sums import Term, find_steps, is_concatenation, summands
from pipelines.figures.network.plan.symbols import Number, Recorder, Symbol, replaced, root

__all__ = ["Plan"]


class Plan:
    """A function of arrays, compiled to a sequence of calls that can be replayed.

    Args:
        function: The function, called once as `function(inputs, state, *numbers, rng)` with symbols
            instead of arrays and numbers. It returns the outputs and the new state.
        inputs: Input arrays, whose values may change between replays.
        state: C-contiguous arrays that each replay updates in place.
        numbers: Names of the numbers that may change between replays.
        rng: Random number generator that is passed to the function.

    Attributes:
        source: Python source code of a replay.

    Raises:
        TypeError: If the function branches on values.
        TypeError, ValueError: If the function changes an array in place.

    Example:
        >>> def descend(inputs, state, rate, rng):
        ...     (x,), (w,) = inputs, state
        ...     return x * w, (w - rate * x,)
        >>> x, w = np.ones(3), np.zeros(3)
        >>> plan = Plan(descend, (x,), (w,), ("rate",))
        >>> plan(0.5)
        array([0., 0., 0.])
        >>> w
        array([-0.5, -0.5, -0.5])
    """

    def __init__(
        self,
        function: Callable[..., tuple[Any, Sequence[Any]]],
        inputs: Sequence[NDArray],
        state: Sequence[NDArray],
        numbers: Sequence[str] = (),
        rng: np.random.Generator | None = None,
    ) -> None:
        nodes: list[Symbol] = []
        arrays = {Symbol(nodes, array): array for array in (*inputs, *state)}
        arguments = tuple(arrays)
        old_state = arguments[len(inputs) :]
        recorder = rng and Recorder(nodes, rng)
        outputs, new_state = function(
            arguments[: len(inputs)], old_state, *map(Number, numbers), recorder
        )
        if any(root(outputs) is symbol for symbol in old_state):
            outputs = np.positive(outputs)  # a copy that the new state does not overwrite
        targets = dict(zip(new_state, old_state, strict=True))
        layout = _Layout(nodes, arrays, [outputs, *new_state], targets)
        layout.store(list(zip(old_state, new_state, strict=True)))
        self.outputs = layout.array(outputs)
        self.source, self.replay = write_source(layout.calls, numbers)

    def __call__(self, *numbers: float) -> NDArray:
        """Replay the calls and return the outputs, in an array that the next replay overwrites."""
        self.replay(*numbers)
        return self.outputs


class _OverlapError(Exception):
    """A sum would overwrite an array that it still reads."""


class _Layout:
    """Calls that compute symbols, on buffers that are reused after their last read."""

    def __init__(
        self,
        nodes: list[Symbol],
        arrays: dict[Symbol, NDArray],
        results: list[Symbol],
        targets: dict[Symbol, Symbol],
    ) -> None:
        self.calls: list[Call] = []
        self.free: list[NDArray] = []
        self.steps, self.targets = find_steps(nodes, results), targets
        self.arrays = dict(arrays)
        self.pending = Counter(self.steps.reads)
        for node in self.steps.order:
            self.compute(node)

    def call(self, function: Callable, *arguments: Any, **keywords: Any) -> None:
        """Add a call."""
        self.calls.append(Call(function, arguments, keywords))

    def array(self, value: Any) -> Any:
        """Return the array of a symbol that is an input, computed, or a view of one of these."""
        if not isinstance(value, Symbol):
            return value
        if value not in self.arrays and value.parent is not None:
            arguments, keywords = replaced((value.arguments, value.keywords), self.array)
            self.arrays[value] = value.function(*arguments, **keywords)
        return self.arrays[value]

    def buffer(self, shape: tuple[int, ...], dtype: np.dtype) -> NDArray:
        """Return an unused array of a shape and type, a free one if possible."""
        for i, array in enumerate(self.free):
            if array.size == np.prod(shape) and array.dtype == dtype:
                return self.free.pop(i).reshape(shape)
        return np.zeros(shape, dtype)

    def copied(self, array: NDArray) -> NDArray:
        """Add a call that copies an array to a buffer, and return the buffer."""
        buffer = self.buffer(array.shape, array.dtype)
        self.call(np.copyto, buffer, array)
        return buffer

    def store(self, pairs: list[tuple[Symbol, Symbol]]) -> None:
        """Copy the new state to the arrays of the old state, unless it was computed there."""
        moves = [(self.arrays[old], self.array(new)) for old, new in pairs]
        moves = [(old, new) for old, new in moves if old is not new]
        # Arrays that another move would overwrite are copied first.
        saved = [
            self.copied(new) if any(np.may_share_memory(new, old) for old, _ in moves) else new
            for _, new in moves
        ]
        for (old, _), new in zip(moves, saved, strict=True):
            self.call(np.copyto, old, new)

    def compute(self, node: Symbol) -> None:
        """Add the calls that compute a symbol; free the buffers that it reads last."""
        reads = Counter(self.read_by(node))
        last_reads = [symbol for symbol in reads if self.pending[symbol] == reads[symbol]]
        buffers = [self.arrays[symbol] for symbol in last_reads if symbol.function]
        target = self.targets.get(node)
        is_free = target is not None and self.pending[target] == reads[target]
        places = [self.arrays[target], *buffers] if is_free else buffers
        kind = (node.shape, node.dtype)
        places = [place for place in places if (place.shape, place.dtype) == kind]
        if not is_elementwise(node) and node not in self.steps.sums:
            places = []
        if node in self.steps.sums:
            self.add_sum(node, places)
        else:
            self.add_function(node, places)
        self.pending.subtract(reads)
        self.free += [buffer for buffer in buffers if buffer is not self.arrays[node]]

    def read_by(self, node: Symbol) -> list[Symbol]:
        """Return the symbols that a symbol and the symbols deferred to it read."""
        reads = []
        for operand in map(root, node.operands):
            reads += self.read_by(operand) if operand in self.steps.deferred else [operand]
        return reads

    def add_function(self, node: Symbol, places: list[NDArray]) -> None:
        """Add the call of any function that is not a sum."""
        function = node.function
        arguments, keywords = replaced((node.arguments, node.keywords), self.array)
        self.arrays[node] = out = places[0] if places else self.buffer(node.shape, node.dtype)
        if is_elementwise(node):
            # NumPy converts numbers on every call, but not arrays of the right type.
            kind = next(value.dtype for value in arguments if isinstance(value, np.ndarray))
            is_float = np.issubdtype(kind, np.floating)
            arguments = [
                np.array(value, kind) if isinstance(value, int | float) and is_float else value
                for value in arguments
            ]
            self.call(function, *arguments, out=out)
        elif is_reduction(node):
            self.call(function, *arguments, **keywords, out=out)
        else:
            self.call(_copy_result, out, function, *arguments, **keywords)

    def add_sum(self, node: Symbol, places: list[NDArray]) -> None:
        """Add the calls of a sum, written to the first place that it can safely overwrite."""
        length, arrays, free = len(self.calls), dict(self.arrays), [*self.free]
        for place in [*places, None]:
            out = self.buffer(node.shape, node.dtype) if place is None else place
            try:
                self.arrays[node] = self.add_terms(out, self.terms(node, 1.0), out)
                return
            except _OverlapError:
                del self.calls[length:]
                self.arrays, self.free = dict(arrays), [*free]

    def terms(self, node: Symbol, factor: Any) -> list[Term]:
        """Return the terms of a sum; a product or a concatenation is a single term."""
        terms = []
        for own_factor, operand in summands(node):
            is_deferred = isinstance(operand, Symbol) and operand in self.steps.deferred
            product = factor * own_factor
            terms += self.terms(operand, product) if is_deferred else [(product, operand)]
        return terms or [(factor, node)]

    def add_terms(self, out: NDArray, terms: list[Term], whole: NDArray) -> NDArray:
        """Add the calls for `out = Σ factor · term`, where `out` is a view of `whole`."""
        inner = [term for term in terms if self.is_pending(term[1])]
        for join in inner:
            if is_concatenation(join[1]):
                self.add_pieces(out, join, [term for term in terms if term is not join], whole)
                return out
        arrays = [(factor, self.array(x)) for factor, x in terms if not self.is_pending(x)]
        place = out.__array_interface__
        own = [factor for factor, array in arrays if array.__array_interface__ == place]
        others = [term for term in arrays if term[1].__array_interface__ != place]
        operands = [self.array(x) for _, node in inner for x in node.arguments[1:]]
        reads = [*operands, *(array for _, array in others)]
        if any(np.may_share_memory(array, whole) for array in reads):
            raise _OverlapError
        beta = sum(own[1:], own[0]) if own else 0.0
        if others or not inner:
            total = self.scaled(beta, out, out) if own else self.scaled(*others.pop(0), out)
            for factor, array in others:
                scratch = self.buffer(array.shape, array.dtype)
                self.call(np.add, total, self.scaled(factor, array, scratch), out=out)
                self.free.append(scratch)
                total = out
            if total is not out:
                self.call(np.copyto, out, total)
            beta = 1.0
        for factor, node in inner:
            length = len(self.calls)
            arrays = [self.array(operand) for operand in node.arguments[1:]]
            calls = gemm_calls(node.arguments[0], arrays, out, factor, beta, self.copied)
            self.free += [copy.arguments[0] for copy in self.calls[length:]]
            self.calls += [Call(function, arguments, {}) for function, *arguments in calls]
            beta = 1.0
        return out

    def add_pieces(self, out: NDArray, join: Term, others: list[Term], whole: NDArray) -> None:
        """Add the calls of a sum with a concatenation, as one sum per piece."""
        start, (factor, node) = 0, join
        for _, operand in others:
            if self.is_pending(operand):
                self.add_sum(operand, [])
        for piece in node.arguments[0]:
            span = slice(start, start := start + piece.size)
            inner = root(piece) if root(piece) in self.steps.deferred else piece
            terms = [(own, operand[span].reshape(inner.shape)) for own, operand in others]
            terms += self.terms(inner, factor)
            self.add_terms(out[span].reshape(inner.shape), terms, whole)

    def is_pending(self, value: Any) -> bool:
        """Return whether a term is computed within the sum that reads it."""
        return isinstance(value, Symbol) and value in self.steps.sums and value not in self.arrays

    def scaled(self, factor: Any, array: NDArray, out: NDArray) -> NDArray:
        """Return an array times a factor, written to `out` unless the factor is 1."""
        if isinstance(factor, float) and factor == 1:
            return array
        self.call(np.multiply, array, factor, out=out)
        return out


def is_elementwise(node: Symbol) -> bool:
    """Return whether a symbol is computed element by element."""
    is_plain = isinstance(node.function, np.ufunc) and not node.function.signature
    return is_plain and not node.keywords


def is_reduction(node: Symbol) -> bool:
    """Return whether a symbol is a reduction along axes, such as a sum or a maximum."""
    return isinstance(getattr(node.function, "__self__", None), np.ufunc)


def _copy_result(out: NDArray, function: Callable, *arguments: Any, **keywords: Any) -> None:
    np.copyto(out, function(*arguments, **keywords))
