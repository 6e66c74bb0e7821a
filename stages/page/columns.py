"""What headlines are called in a table, how they are written, and which way is better."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

MISSING = "–"
_ENDS = ("from", "to")
_PERCENT = "\N{NO-BREAK SPACE}%"


@dataclass(frozen=True)
class Column:
    """A column of the table of variants.

    Attributes:
        title: its heading.
        names: the headline it shows, or the two that are the ends of an interval.
        form: how a number is written, as `format` takes it.
        unit: of the numbers.
        better: which way is better; None where there is no better.
        note: what a person may need to know of it.
    """

    title: str
    names: tuple[str, ...]
    form: str = ".4g"
    unit: str = ""
    better: Literal["higher", "lower"] | None = None
    note: str = ""

    @property
    def is_share(self) -> bool:
        """Whether it is written in percent."""
        return self.form.endswith("%")

    def text(self, numbers: Mapping[str, float]) -> str:
        """Write the column's cell; a dash where a number is missing."""
        if not all(name in numbers for name in self.names):
            return MISSING
        return " to ".join(self.number(numbers[name]) for name in self.names)

    def number(self, value: float) -> str:
        """Write a single number of the column."""
        if self.form == "p":
            return _probability(value)
        return format(value, self.form).replace("-", "−").replace("%", _PERCENT)

    def spread(self, mean: float, deviation: float) -> str:
        """Write what several seeds gave: `42.29 ± 0.07`, `99.2 ± 0.2 %`."""
        if not self.is_share:
            return f"{self.number(mean)} ± {_two_digits(deviation)}"
        return (
            f"{self.number(mean).removesuffix(_PERCENT)} ± {_two_digits(100 * deviation)}{_PERCENT}"
        )

    def title_of(self, name: str) -> str:
        """Call one of the column's headlines by its name: `95 % interval, from`."""
        return (
            self.title
            if len(self.names) == 1
            else f"{self.title}, {dict(zip(self.names, _ENDS, strict=True))[name]}"
        )

    def difference(self, before: float, now: float) -> str:
        """Write by how much a number changed, in percentage points where it is a share."""
        text = _two_digits((now - before) * (100 if self.is_share else 1), "+").replace("-", "−")
        return f"{text} points" if self.is_share else text

    def verdict(self, before: float, now: float) -> str:
        """Say whether a number became better or worse; nothing where there is no better."""
        if self.better is None or before == now:
            return ""
        return "better" if (now > before) == (self.better == "higher") else "worse"


def with_unknown(
    columns: Iterable[Column], headlines: Iterable[Mapping[str, float]]
) -> list[Column]:
    """Leave out the columns of which there is no number; add one for every headline without any.

    Args:
        columns: those of the pipeline.
        headlines: the numbers of each variant, by name.
    """
    there = {name: None for numbers in headlines for name in numbers}
    known = [column for column in columns if any(name in there for name in column.names)]
    named = {name for column in columns for name in column.names}
    return known + [Column(name.replace("_", " "), (name,)) for name in there if name not in named]


def _two_digits(value: float, sign: str = "") -> str:
    """Write the first two digits of a number; all before the point, where they are more."""
    return format(value, f"{sign}.0f" if abs(value) >= 99.5 else f"{sign}.2g")


def _probability(value: float) -> str:
    """Write a p-value: `0.37`, or `6·10⁻²⁰` where that would be long."""
    if value >= 0.001 or value <= 0:
        return f"{value:.2g}"
    exponent = math.floor(math.log10(value))
    digit = round(value / 10**exponent)
    digit, exponent = (1, exponent + 1) if digit == 10 else (digit, exponent)
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digit}·10{raised}"
