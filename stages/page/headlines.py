"""The numbers of a variant that matter most, as its `metrics.json` has them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Headlines:
    """The headlines of a variant.

    Attributes:
        test: what it scored on the test part, by name.
        trainings: from how many seeds it was trained.
        mean: mean over these trainings, by name; empty where there was one.
        deviation: standard deviation over them.
    """

    test: Mapping[str, float]
    trainings: int = 1
    mean: Mapping[str, float] = field(default_factory=dict)
    deviation: Mapping[str, float] = field(default_factory=dict)


def headlines(text: str) -> Headlines:
    """Read the headlines of a variant from the text of its `metrics.json`.

    Raises:
        ValueError: it is no such text.
    """
    try:
        document = json.loads(text)
        test = _numbers(document["test"])
        seeds = document.get("seeds")
        if seeds is None:
            return Headlines(test)
        mean, deviation = _numbers(seeds["mean"]), _numbers(seeds["deviation"])
        return Headlines(test, int(seeds["count"]), mean, deviation)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError("holds no headlines") from None


def with_tests(numbers: Mapping[str, Headlines], text: str) -> dict[str, Headlines]:
    """Put what tests variants against each other among their headlines.

    Args:
        numbers: the headlines by variant.
        text: of a comparison's `metrics.json`: by variant, statistic and p-value by name.

    Raises:
        ValueError: it is no such text.
    """
    try:
        tests = {variant: _numbers(found) for variant, found in json.loads(text).items()}
    except (AttributeError, TypeError, ValueError):
        raise ValueError("holds no tests") from None
    return {
        variant: replace(found, test={**found.test, **tests.get(variant, {})})
        for variant, found in numbers.items()
    }


def _numbers(section: Mapping[str, Any]) -> dict[str, float]:
    for name, value in section.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} is no number")
    return dict(section)
