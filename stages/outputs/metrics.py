"""Metrics: how each is named, written and compared, and the summary metrics of a variant."""

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
    """A number by which the variants of a pipeline are compared.

    Attributes:
        name: in metrics.json and MLflow.
        title: in tables.
        form: how a number is written, as `format` takes it; `p` for a p-value.
        unit: of the numbers.
        better: which direction is better; None for neither.
        note: explanation for readers of a table.
        value: takes it from the scores of a variant, None where it does not apply; by default
            the score of the same name.
        in_summary: whether it stands in metrics.json; otherwise it comes from a later comparison.
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
        """Take the metric from the scores of a variant."""
        return self.value(scores) if self.value else scores.get(self.name)

    def text(self, value: float | None) -> str:
        """Write a number of the metric; a dash where there is none."""
        if value is None:
            return MISSING
        if self.form == "p":
            return _p_value(value)
        return format(value, self.form).replace("-", "−").replace("%", _PERCENT)

    def text_with_std(self, mean: float, std: float) -> str:
        """Write mean and standard deviation: `42.29 ± 0.07`, `99.2 ± 0.2 %`."""
        if not self.form.endswith("%"):
            return f"{self.text(mean)} ± {_two_digits(std)}"
        return f"{self.text(mean).removesuffix(_PERCENT)} ± {_two_digits(100 * std)}{_PERCENT}"

    def change(self, before: float, now: float) -> str:
        """Write the difference of two numbers, in percentage points for a share."""
        is_share = self.form.endswith("%")
        text = _two_digits((now - before) * (100 if is_share else 1), "+").replace("-", "−")
        return f"{text} points" if is_share else text

    def verdict(self, before: float, now: float) -> str:
        """Say whether a number became `better` or `worse`; empty where neither applies."""
        if self.better is None or before == now:
            return ""
        return "better" if (now > before) == (self.better == "higher") else "worse"


@dataclass(frozen=True)
class Summary:
    """The content of a variant's `metrics.json`.

    Attributes:
        test: summary metrics on the test part, by name.
        trainings: number of seeds.
        mean: over the seeds, by name; empty for a single one.
        std: sample standard deviation over the seeds, by name.
    """

    test: Mapping[str, float]
    trainings: int = 1
    mean: Mapping[str, float] = field(default_factory=dict)
    std: Mapping[str, float] = field(default_factory=dict)


def summarize(metrics: Sequence[Metric], scores: Mapping[str, Any]) -> dict[str, float]:
    """Pick the summary metrics from the scores of a variant; those that do not apply are left out.

    Args:
        metrics: of the pipeline.
        scores: all that was measured.
    """
    found = {metric.name: metric.of(scores) for metric in metrics if metric.in_summary}
    return {name: value for name, value in found.items() if value is not None}


def read_summary(path: Path) -> Summary:
    """Read the `metrics.json` of a variant.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: it is damaged.
    """
    document = read_json(path)
    try:
        test, seeds = numbers(document["test"]), document.get("seeds")
        if seeds is None:
            return Summary(test)
        return Summary(test, int(seeds["count"]), numbers(seeds["mean"]), numbers(seeds["std"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError("holds no summary metrics") from None


def read_scores(path: Path) -> dict[str, Any]:
    """Read the `scores.json` of a variant.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: it is damaged.
    """
    scores = read_json(path)
    if not isinstance(scores.get("test"), dict):
        raise ValueError(f"{path.name} holds no scores")
    return scores


def numbers(section: Mapping[str, Any]) -> dict[str, float]:
    """Return a mapping of numbers as it is.

    Raises:
        TypeError: a value is no number.
    """
    for name, value in section.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} is no number")
    return dict(section)


def _two_digits(value: float, sign: str = "") -> str:
    """Write the first two digits of a number; all before the point, where they are more."""
    return format(value, f"{sign}.0f" if abs(value) >= 99.5 else f"{sign}.2g")


def _p_value(value: float) -> str:
    """Write a p-value: `0.37`, or `6·10⁻²⁰` where that would be long."""
    if value >= 0.001 or value <= 0:
        return f"{value:.2g}"
    exponent = math.floor(math.log10(value))
    digit = round(value / 10**exponent)
    digit, exponent = (1, exponent + 1) if digit == 10 else (digit, exponent)
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digit}·10{raised}"
