"""Metrics: names, formatting and comparison, and the summary metrics of a variant."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from stages.outputs.atomic import read_json

MISSING = "–"
_PERCENT = "\N{NO-BREAK SPACE}%"


@dataclass(frozen=True)
class Metric:
    """A metric by which the variants of a pipeline are compared.

    Attributes:
        name: Name in metrics.json and MLflow.
        title: Title in tables.
        form: Format specification for `format`, or `p` for a p-value.
        unit: Unit of the values.
        better: Which values are better, or None for neither.
        note: Explanation for readers of a table.
        value: Function that returns the metric from the scores of a variant, or None if it does not
            apply. The default is the score of the same name.
        in_summary: Whether metrics.json contains the metric. If not, a later comparison adds it.
    """

    name: str
    title: str
    form: str = ".4g"
    unit: str = ""
    better: Literal["higher", "lower"] | None = None
    note: str = ""
    value: Callable[[Mapping[str, Any]], float | None] | None = None
    in_summary: bool = True

    def of(self, scores: Mapping[str, Any]) -> float | None:
        """Return the metric from the scores of a variant, or None if it does not apply."""
        return self.value(scores) if self.value else scores.get(self.name)

    def text(self, value: float | None) -> str:
        """Format a value, or return a dash for None."""
        if value is None:
            return MISSING
        if self.form == "p":
            return _p_value(value)
        return format(value, self.form).replace("-", "−").replace("%", _PERCENT)

    def text_with_std(self, mean: float, std: float) -> str:
        """Format mean and standard deviation, such as `42.29 ± 0.07` or `99.2 ± 0.2 %`."""
        if not self.form.endswith("%"):
            return f"{self.text(mean)} ± {_two_digits(std)}"
        return f"{self.text(mean).removesuffix(_PERCENT)} ± {_two_digits(100 * std)}{_PERCENT}"

    def change(self, before: float, now: float) -> str:
        """Format the difference of two values, in percentage points for a percentage."""
        is_percentage = self.form.endswith("%")
        text = _two_digits((now - before) * (100 if is_percentage else 1), "+").replace("-", "−")
        return f"{text} points" if is_percentage else text

    def verdict(self, before: float, now: float) -> str:
        """Return `better` or `worse`, or an empty string if neither applies."""
        if self.better is None or before == now:
            return ""
        return "better" if (now > before) == (self.better == "higher") else "worse"


@dataclass(frozen=True)
class Summary:
    """The content of a variant's `metrics.json`.

    Attributes:
        test: Summary metrics on the test split, by name.
        trainings: Number of seeds.
        mean: Mean over the seeds, by name. Empty for a single seed.
        std: Sample standard deviation over the seeds, by name. Empty for a single seed.
    """

    test: Mapping[str, float]
    trainings: int = 1
    mean: Mapping[str, float] = field(default_factory=dict)
    std: Mapping[str, float] = field(default_factory=dict)


def summarize(metrics: Sequence[Metric], scores: Mapping[str, Any]) -> dict[str, float]:
    """Return the summary metrics of a variant. Metrics that do not apply are left out.

    Args:
        metrics: Metrics of the pipeline.
        scores: All scores of the variant.
    """
    values = {metric.name: metric.of(scores) for metric in metrics if metric.in_summary}
    return {name: value for name, value in values.items() if value is not None}


def read_summary(path: Path) -> Summary:
    """Read the `metrics.json` of a variant.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: The file is damaged.
    """
    document = read_json(path)
    try:
        test, seeds = numbers(document["test"]), document.get("seeds")
        if seeds is None:
            return Summary(test)
        return Summary(test, int(seeds["count"]), numbers(seeds["mean"]), numbers(seeds["std"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError("does not contain summary metrics") from None


def read_scores(path: Path) -> dict[str, Any]:
    """Read the `scores.json` of a variant.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: The file is damaged.
    """
    scores = read_json(path)
    if not isinstance(scores.get("test"), dict):
        raise ValueError(f"{path.name} does not contain scores")
    return scores


def numbers(section: Mapping[str, Any]) -> dict[str, float]:
    """Check that all values of a mapping are numbers, and return it.

    Raises:
        TypeError: A value is not a number.
    """
    for name, value in section.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} is not a number")
    return dict(section)


def _two_digits(value: float, sign: str = "") -> str:
    """Format a number with two significant digits, or as an integer if it has more digits."""
    return format(value, f"{sign}.0f" if abs(value) >= 99.5 else f"{sign}.2g")


def _p_value(value: float) -> str:
    """Format a p-value, such as `0.37` or `6·10⁻²⁰`."""
    if value >= 0.001 or value <= 0:
        return f"{value:.2g}"
    exponent = math.floor(math.log10(value))
    digit = round(value / 10**exponent)
    digit, exponent = (1, exponent + 1) if digit == 10 else (digit, exponent)
    superscript = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digit}·10{superscript}"
