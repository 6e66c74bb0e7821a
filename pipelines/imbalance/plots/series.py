"""Plots of a series: the imbalance, its structural part and its outliers."""

from collections.abc import Iterator, Mapping

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from pipelines.imbalance.data.calendar import local_time
from pipelines.imbalance.data.prepared import Prepared
from pipelines.imbalance.data.schema import gross_outliers
from pipelines.imbalance.features.limits import Limits
from pipelines.imbalance.features.structural import planned_load, structural_in_hindsight
from pipelines.pictures import COLOURS, FAINT, INK, styled_figure

__all__ = ["area_comparison", "draw_series", "series_with_outliers", "structural_day"]

BLUE, ORANGE, GREEN = COLOURS[:3]
BINS = 1500
DAY = 288
DAYS_COMPARED = 4
DAYS_SHOWN = 0.85
"""Where in a table the compared days begin: late, where a simulated one has no mistakes."""

THOUSANDS = FuncFormatter(lambda value, _: in_words(value))


def draw_series(
    source: pd.DataFrame, prepared: Prepared, limits: Limits
) -> Iterator[tuple[str, Figure]]:
    """Draw every plot of a series.

    Args:
        source: The table in rows of five minutes; see `schema`.
        prepared: The same series, split.
        limits: Fitted on its training rows.

    Yields:
        Name and figure.
    """
    starts = {
        "training": source.index[0],
        "validation": prepared.validation_start,
        "test": prepared.test_start,
    }
    bounds = (limits.low, limits.high)
    title = "Imbalance and its outliers"
    yield "series", series_with_outliers(source, bounds, title, starts=starts)
    yield "area", area_comparison({"Four days of it": source}, "What the series is like")
    day = prepared.validation_start.ceil("D")
    title = f"Structural imbalance, {day:%d %B %Y}"
    yield "structural_imbalance", structural_day(source, day, title)


def series_with_outliers(
    table: pd.DataFrame,
    limits: tuple[float, float],
    title: str,
    *,
    starts: Mapping[str, pd.Timestamp] | None = None,
) -> Figure:
    """Draw the imbalance of the whole table, and its outliers.

    What fits the picture is drawn as a band from the least to the greatest value of each stretch of
    time; an outlier is a mark where it is, or at the picture's edge.

    Args:
        table: See `schema`.
        limits: Least and greatest imbalance in MW that is no outlier.
        title: Heading of the picture.
        starts: Names of parts of the table and the times at which they begin, to be marked.

    Raises:
        ValueError: If the limits are not in order.
    """
    low, high = limits
    if not low < high:
        raise ValueError(f"limits: {low}, {high}, the lower one first expected")
    y = table["y"]
    outlier = (y < low) | (y > high)
    inside = y[~outlier]
    reach = 1.35 * max(abs(low), abs(high))
    with styled_figure(11, 4.2, title) as figure:
        axes = figure.subplots()
        stretches = np.arange(len(y)) * BINS // len(y)
        numbers, begins = np.unique(stretches, return_index=True)
        times = table.index[begins]
        # A stretch of nothing but outliers leaves a hole.
        band = inside.groupby(stretches[~outlier]).agg(["min", "max", "median"]).reindex(numbers)
        axes.fill_between(times, band["min"], band["max"], color=BLUE, alpha=0.35, lw=0)
        axes.plot(times, band["median"], color=BLUE, lw=0.9)
        axes.axhspan(high, reach, color=ORANGE, alpha=0.07, lw=0)
        axes.axhspan(-reach, low, color=ORANGE, alpha=0.07, lw=0)
        shown = y[outlier].clip(-0.97 * reach, 0.97 * reach)
        axes.plot(shown.index, shown, "o", color=ORANGE, markersize=4, alpha=0.8, clip_on=False)
        for name, start in (starts or {}).items():
            axes.axvline(start, color=INK, lw=1, linestyle=":")
            axes.annotate(
                f" {name}", (start, 1), xycoords=("data", "axes fraction"), va="top", fontsize=9
            )
        count = int(outlier.sum())
        told = (
            f"{count:,} of {len(y):,} rows ({count / len(y):.2%}) are outside "
            f"{in_words(low)} to {in_words(high)} MW"
        )
        if count:
            told += f"; y reaches from {in_words(y.min())} to {in_words(y.max())} MW"
        axes.set_title(told, fontweight="normal", color=ORANGE if count else INK, fontsize=10)
        axes.set(ylim=(-reach, reach), ylabel="imbalance, MW", xlim=(y.index[0], y.index[-1]))
        axes.yaxis.set_major_formatter(THOUSANDS)
        name_dates(axes)
    return figure


def structural_day(table: pd.DataFrame, day: str | pd.Timestamp, title: str) -> Figure:
    """Draw structural imbalance: hourly plans of a day against a smooth load, and y beside it.

    Args:
        table: Holds the day, and better some hours on both sides; see `schema`.
        day: Its first moment, UTC.
        title: Heading of the picture.

    Raises:
        ValueError: If the table does not hold the whole day.
    """
    first = pd.Timestamp(day)
    times = pd.date_range(first, periods=DAY, freq="5min")
    if not times.isin(table.index).all():
        raise ValueError(
            f"day: {first}, a whole day between {table.index[0]} and {table.index[-1]} expected"
        )
    planned = pd.Series(planned_load(table), table.index)[times]
    structural = pd.Series(structural_in_hindsight(table), table.index)[times]
    smooth, y = planned - structural, table["y"][times]
    with styled_figure(10, 6.4, title) as figure:
        above, below = figure.subplots(2, sharex=True, height_ratios=(1.15, 1))
        above.fill_between(times, smooth, planned, color=ORANGE, alpha=0.3, lw=0)
        above.plot(times, planned, color=INK, lw=1.3, label="plans: production less flow out")
        above.plot(times, smooth, color=BLUE, label="smooth load through the middles of the hours")
        above.set_title("The plans are steps, the load is not")
        above.set_ylabel("MW")
        above.legend(loc="lower center", bbox_to_anchor=(0.5, -0.02), ncols=2, fontsize=9)
        above.margins(y=0.15)
        below.axhline(0, color=FAINT, lw=0.8)
        below.fill_between(times, structural, color=ORANGE, alpha=0.3, lw=0)
        below.plot(times, structural, color=ORANGE, lw=1.4, label="structural imbalance")
        below.plot(times, y, color=BLUE, lw=1.4, label="imbalance y")
        below.plot(times, y - structural, color=GREEN, lw=1.4, label="y less structural")
        changes = [series.diff().std() for series in (y, y - structural)]
        below.set_title(
            "What is left without it is smoother: five-minute changes of "
            f"{changes[0]:.0f} MW become {changes[1]:.0f} MW"
        )
        below.set(ylabel="MW", xlabel=f"UTC, {first:%A %-d %B %Y}", xlim=(times[0], times[-1]))
        figure.legend(handles=below.get_lines()[1:], loc="outside lower center", ncols=3)
        for axes in (above, below):
            axes.yaxis.set_major_formatter(THOUSANDS)
            axes.xaxis.set_major_locator(mdates.HourLocator(byhour=range(0, 24, 3)))
            axes.xaxis.set_major_formatter(mdates.DateFormatter("%H:%M"))
    return figure


def area_comparison(areas: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """Compare areas: a few days of each, and statistics of all their time.

    Args:
        areas: Tables, one or two, by name; see `schema`. At least nine days each.
        title: Heading of the picture.

    Raises:
        ValueError: If there is none or more than two, or a table is too short.
    """
    shortest = min((len(table) for table in areas.values()), default=0)
    if not 1 <= len(areas) <= 2 or shortest < 9 * DAY:
        raise ValueError(
            f"areas: {len(areas)}, the shortest of {shortest} rows, one or two of at least "
            f"{9 * DAY} expected"
        )
    credible = {name: table["y"].where(~gross_outliers(table)) for name, table in areas.items()}
    low, high = pd.concat(credible.values()).quantile([0.001, 0.999])
    with styled_figure(12, 3.1 + 2.2 * len(areas), title) as figure:
        grid = figure.add_gridspec(
            len(areas) + 1, 4, height_ratios=[1] * len(areas) + [1.25], wspace=0.04
        )
        panels = [figure.add_subplot(grid[-1, column]) for column in range(4)]
        for row, (name, table) in enumerate(areas.items()):
            colour = COLOURS[row]
            days = figure.add_subplot(grid[row, :])
            draw_days(days, table, colour)
            days.set(title=name)
            if len(areas) > 1:
                days.set_ylim(low, high)
            y = credible[name]
            panels[0].hist(
                y, np.linspace(low, high, 61), density=True, histtype="step", color=colour, lw=1.6
            )
            lags = np.arange(1, 313, 3)
            panels[1].plot(lags / 12, [y.corr(y.shift(lag)) for lag in lags], color=colour)
            by_minute = y.diff().abs().groupby(y.index.minute).mean()
            panels[2].plot(by_minute.index, by_minute, "o-", color=colour)
            load = pd.Series(planned_load(table), local_time(table.index))
            workday = load[load.index.day_of_week < 5]
            panels[3].plot(
                np.arange(24) + 0.5,
                workday.groupby(workday.index.hour).mean(),
                color=colour,
                label=name,
            )
        panels[0].set(title="Distribution of y", xlabel="MW", yticks=[])
        panels[1].set(title="Autocorrelation of y", xlabel="lag, hours")
        panels[1].xaxis.set_major_locator(MultipleLocator(6))
        panels[2].set(title="Mean |Δy|, MW", xlabel="minute of the hour", ylim=(0, None))
        panels[2].xaxis.set_major_locator(MultipleLocator(15))
        panels[3].set(title="Load of workdays, MW", xlabel="local hour", xlim=(0, 24))
        panels[3].xaxis.set_major_locator(MultipleLocator(6))
        panels[3].yaxis.set_major_formatter(THOUSANDS)
    return figure


def draw_days(axes: Axes, table: pd.DataFrame, colour: str) -> None:
    """Draw the imbalance, and its structural part, of a few days late in a table."""
    first = table.index[int(len(table) * DAYS_SHOWN)].normalize()
    days = (table.index >= first) & (table.index < first + pd.Timedelta(days=DAYS_COMPARED))
    times, y = table.index[days], table["y"].where(~gross_outliers(table))[days]
    axes.axhline(0, color=FAINT, lw=0.8)
    axes.plot(times, y, color=colour, lw=1.3, label="y")
    axes.plot(times, structural_in_hindsight(table)[days], color=INK, lw=0.8, label="structural")
    axes.set(ylabel="MW", xlim=(times[0], times[-1]))
    axes.legend(loc="upper right", bbox_to_anchor=(1, 1.25), ncols=2)
    name_dates(axes)


def in_words(value: float) -> str:
    """Return a number with its thousands and a proper minus."""
    return f"{value:,.0f}".replace("-", "−")


def name_dates(axes: Axes) -> None:
    """Format dates as briefly as possible."""
    locator = mdates.AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
