"""What the hyperparameters of a network classifier may be."""

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from pipelines.figures.network.activations import ACTIVATIONS
from pipelines.figures.network.losses import LOSSES

__all__ = ["check_hyperparameters"]


def check_hyperparameters(values: Mapping[str, Any]) -> None:
    """Check the parameters of a `NetworkClassifier`.

    `initialization` and `random_state` are left to those who draw with them.

    Args:
        values: the parameters by name.

    Raises:
        ValueError: one is not accepted; the message names it, its value and what is accepted.
    """
    for name, (accepted, accepts) in RULES.items():
        if not accepts(values[name]):
            raise ValueError(f"{name}={values[name]!r}: expected {accepted}")
    if values["optimizer"] == "adam" and values["momentum"] != 0:
        raise ValueError(f"momentum={values['momentum']!r}: expected 0, as adam has its own")


Rule = tuple[str, Callable[[Any], bool]]


def _choice(*choices: object) -> Rule:
    return f"one of {choices}", lambda value: any(value is c or value == c for c in choices)


def _number(accepted: str, accepts: Callable[[float], bool]) -> Rule:
    def check(value: object) -> bool:
        return isinstance(value, Real) and not isinstance(value, bool) and bool(accepts(value))

    return accepted, check


def _is_count(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 1


def _are_layers(value: object) -> bool:
    return isinstance(value, Sequence) and all(
        isinstance(layer, Sequence)
        and len(layer) == 2
        and _is_count(layer[0])
        and layer[1] in ACTIVATIONS
        for layer in value
    )


COUNT = ("a whole number of at least 1", _is_count)
COUNT_OR_NONE = (
    "a whole number of at least 1, or None",
    lambda value: value is None or _is_count(value),
)

RULES: dict[str, Rule] = {
    "layers": (f"pairs of a width and one of {tuple(ACTIVATIONS)}", _are_layers),
    "output": _choice(*ACTIVATIONS),
    "softmax": _choice(False, True),
    "loss": _choice(*LOSSES),
    "optimizer": _choice("sgd", "adam"),
    "learning_rate": _number("a positive number", lambda rate: 0 < rate < math.inf),
    "momentum": _number("a number from 0 to below 1", lambda share: 0 <= share < 1),
    "epochs": COUNT,
    "batch_size": COUNT_OR_NONE,
    "regularization": _choice(None, "l1", "l2"),
    "regularization_rate": _number("a number of at least 0", lambda rate: 0 <= rate < math.inf),
    "patience": COUNT_OR_NONE,
    "validation_fraction": _number("a number between 0 and 1", lambda share: 0 < share < 1),
    "dtype": _choice("float32", "float64"),
    "verbose": _choice(False, True),
}
