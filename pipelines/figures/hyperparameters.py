"""Validation of the hyperparameters of a network classifier."""

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from pipelines.figures.network.activations import ACTIVATIONS
from pipelines.figures.network.initialization import Initialization
from pipelines.figures.network.layers import LAYERS, Layer
from pipelines.figures.network.losses import LOSSES
from pipelines.figures.network.optimizers import SCHEDULES

__all__ = ["check_hyperparameters", "check_shapes", "initialization_per_layer"]


def check_hyperparameters(values: Mapping[str, Any]) -> None:
    """Check the parameters of a `NetworkClassifier`.

    NumPy checks `random_state`, and `initialization_per_layer` checks `initialization`.

    Args:
        values: The parameters by name.

    Raises:
        ValueError: If a value is not accepted. The message names the parameter, its value and the
            accepted values.
    """
    for name, (accepted, accepts) in RULES.items():
        if not accepts(values[name]):
            raise ValueError(f"{name}={values[name]!r}: expected {accepted}")
    if values["optimizer"] != "sgd" and values["momentum"] != 0:
        raise ValueError(f"momentum={values['momentum']!r}: expected 0; only sgd uses it")


def check_shapes(layers: Sequence[Layer], shape: tuple[int, ...], features: int) -> None:
    """Check that each layer accepts the shape of its input.

    Args:
        layers: All layers of the network.
        shape: Shape of one example.
        features: Number of features of one example.

    Raises:
        ValueError: If a shape does not fit. The message names the accepted shape.
    """
    if math.prod(shape) != features:
        raise ValueError(f"image_shape={shape!r}: expected a product of {features}, the features")
    for layer in layers:
        side = vars(layer).get("kernel", vars(layer).get("size"))
        if side and len(shape) != 3:
            raise ValueError(f"layers=...{layer}...: expected images before it, see image_shape")
        if side and side > min(shape[:2]):
            raise ValueError(f"layers=...{layer}...: expected at most {min(shape[:2])}, its input")
        if vars(layer).get("name") == "softmax" and len(shape) == 3:
            raise ValueError(f"layers=...{layer}...: expected a dense layer before it")
        shape = layer.shapes(shape)[0]


def initialization_per_layer(
    initialization: Initialization | Sequence[Initialization], layers: int
) -> list[Initialization]:
    """Return one initialization for each layer that has weights.

    Args:
        initialization: One initialization for all layers, or a sequence with one per layer.
        layers: Number of layers that have weights.

    Raises:
        ValueError: If an initialization is not accepted or the sequence has another length.
    """
    is_single = isinstance(initialization, str | Real)
    per_layer = [initialization] * layers if is_single else initialization
    if (
        not isinstance(per_layer, Sequence)
        or len(per_layer) != layers
        or not all(map(_is_initialization, per_layer))
    ):
        raise ValueError(
            f"initialization={initialization!r}: expected a positive number, 'glorot' or 'he', or "
            f"a sequence of one for each of the {layers} layers that have weights"
        )
    return list(per_layer)


Rule = tuple[str, Callable[[Any], bool]]


def _choice(*choices: object) -> Rule:
    return f"one of {choices}", lambda value: any(value is c or value == c for c in choices)


def _number(accepted: str, accepts: Callable[[float], bool]) -> Rule:
    def check(value: object) -> bool:
        return isinstance(value, Real) and not isinstance(value, bool) and bool(accepts(value))

    return accepted, check


def _is_count(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 1


def _is_initialization(value: object) -> bool:
    return value in ("glorot", "he") or (not isinstance(value, str) and POSITIVE[1](value))


def _is_layer(value: object) -> bool:
    if isinstance(value, Sequence):
        return len(value) == 2 and _is_count(value[0]) and value[1] in tuple(ACTIVATIONS)
    is_layer = isinstance(value, tuple(LAYERS.values()))
    return is_layer and all(SETTINGS[name](setting) for name, setting in vars(value).items())


def _are_layers(value: object) -> bool:
    return isinstance(value, Sequence) and all(map(_is_layer, value))


def _is_image_shape(value: object) -> bool:
    return value is None or (
        isinstance(value, Sequence) and len(value) == 3 and all(map(_is_count, value))
    )


SETTINGS = dict.fromkeys(("units", "filters", "kernel", "size"), _is_count) | {
    "name": lambda name: isinstance(name, str) and name in ACTIVATIONS,
    "rate": _number("", lambda share: 0 <= share < 1)[1],
}

COUNT = ("a whole number of at least 1", _is_count)
COUNT_OR_NONE = (
    "a whole number of at least 1, or None",
    lambda value: value is None or _is_count(value),
)

POSITIVE = _number("a positive number", lambda value: 0 < value < math.inf)
POSITIVE_OR_NONE = (
    "a positive number, or None",
    lambda value: value is None or POSITIVE[1](value),
)

RULES: dict[str, Rule] = {
    "layers": (
        f"layers with accepted settings, or pairs of a width and one of {tuple(ACTIVATIONS)}",
        _are_layers,
    ),
    "output": _choice(*ACTIVATIONS),
    "softmax": _choice(False, True),
    "loss": _choice(*LOSSES),
    "optimizer": _choice("sgd", "adam", "adamw"),
    "learning_rate": POSITIVE,
    "schedule": _choice(*SCHEDULES),
    "momentum": _number("a number of at least 0 and below 1", lambda share: 0 <= share < 1),
    "weight_decay": _number("a number of at least 0", lambda rate: 0 <= rate < math.inf),
    "clip_norm": POSITIVE_OR_NONE,
    "epochs": COUNT,
    "batch_size": COUNT_OR_NONE,
    "regularization": _choice(None, "l1", "l2"),
    "regularization_rate": _number("a number of at least 0", lambda rate: 0 <= rate < math.inf),
    "patience": COUNT_OR_NONE,
    "validation_fraction": _number("a number between 0 and 1", lambda share: 0 < share < 1),
    "image_shape": ("height, width and channels, or None", _is_image_shape),
    "warm_start": _choice(False, True),
    "dtype": _choice("float32", "float64"),
    "verbose": _choice(False, True),
}
