"""Plots of a series: the imbalance, its outliers, its statistics and its structural part."""

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

__all__ = ["draw_series", "series_statistics", "series_with_outliers", "structural_day"]

BLUE, ORANGE, GREEN = COLOURS[:3]
BINS = 750
DAY = 288
DAYS_SHOWN = 4
FIRST_SHOWN = 0.85
"""Where the shown days begin, as a share of the table: late, where a simulated one is clean."""

THOUSANDS = FuncFormatter(lambda value, _: number_text(value))


def draw_series(
    source: pd.DataFrame, prepared: Prepared, limits: Limits
) -> Iterator[tuple[str, Figure]]:
    """Draw every plot of a series.

    Args:
        source: The table in rows of five minutes; see `schema`.
        prepared: The same series, split.
        limits: Limits fitted on its training rows.

    Yields:
        Name and figure.
    """
    starts = {
        "training": source.index[0],
        "validation": prepared.validation_start,
        "test": prepared.test_start,
    }
    bounds = (limits.low, limits.high)
    title = "Imbalance, outliers and splits"
    yield "series", series_with_outliers(source, bounds, title, starts=starts)
    yield "area", series_statistics(source, "Properties of the imbalance y")
    day = prepared.validation_start.ceil("D")
    yield "structural_imbalance", structural_day(source, day, "Structural imbalance of one day")


def series_with_outliers(
    table: pd.DataFrame,
    limits: tuple[float, float],
    title: str,
    *,
    starts: Mapping[str, pd.Timestamp] | None = None,
) -> Figure:
    """Draw the imbalance of the whole table with its outliers.

    A band shows the range of each interval of time. Outliers beyond the axis are drawn at its edge.

    Args:
        table: See `schema`.
        limits: Smallest and largest imbalance in MW that is not an outlier.
        title: Heading of the picture.
        starts: First time of each split, by its name.

    Raises:
        ValueError: If the limits are not in order.
    """
    low, high = limits
    if not low < high:
        raise ValueError(f"limits: {low}, {high}, the lower one first expected")
    y = table["y"]
    outlier = (y < low) | (y > high)
    inside = y[~outlier]
    edge = 1.5 * max(abs(low), abs(high))
    with styled_figure(8, 4.8, title) as figure:
        axes = figure.subplots()
        bins = np.arange(len(y)) * BINS // len(y)
        numbers, begins = np.unique(bins, return_index=True)
        times = table.index[begins]
        # A bin of outliers alone leaves a gap.
        band = inside.groupby(bins[~outlier]).agg(["min", "max", "median"]).reindex(numbers)
        span = (table.index[-1] - table.index[0]) / len(times)
        hours = max(round(span / pd.Timedelta(hours=1)), 1)
        label = f"range and median of {hours} hours"
        axes.fill_between(times, band["min"], band["max"], color=BLUE, alpha=0.35, lw=0)
        axes.plot(times, band["median"], color=BLUE, lw=0.9, label=label)
        axes.axhspan(high, edge, color=ORANGE, alpha=0.08, lw=0)
        axes.axhspan(-edge, low, color=ORANGE, alpha=0.08, lw=0)
        shown = y[outlier].clip(-0.97 * edge, 0.97 * edge)
        label = f"{len(shown):,} outliers of {len(y):,} rows ({len(shown) / len(y):.2%})"
        axes.plot(shown.index, shown, "o", color=ORANGE, markersize=3.5, alpha=0.7, label=label)
        for name, start in (starts or {}).items():
            axes.axvline(start, color=INK, lw=1.2, linestyle=":")
            axes.annotate(f" {name}", (start, 1), xycoords=("data", "axes fraction"), va="bottom")
        axes.set(ylim=(-edge, edge), ylabel="imbalance y (MW)", xlim=(y.index[0], y.index[-1]))
        axes.yaxis.set_major_formatter(THOUSANDS)
        format_dates(axes)
        note = (
            f"Shaded: clipped at {number_text(low)} and {number_text(high)} MW. "
            f"Extremes: {number_text(y.min())} and {number_text(y.max())} MW."
        )
        figure.legend(loc="outside lower center", ncols=2, title=note)
    return figure


def structural_day(table: pd.DataFrame, day: str | pd.Timestamp, title: str) -> Figure:
    """Draw the structural imbalance of a day: hourly plans minus a smooth load, and y beside it.

    Args:
        table: Table with the day, and if possible some hours before and after it; see `schema`.
        day: First time of the day, UTC.
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
    with styled_figure(8, 7.4, title) as figure:
        above, below = figure.subplots(2, sharex=True)
        above.fill_between(times, smooth, planned, color=ORANGE, alpha=0.3, lw=0)
        above.plot(times, planned, color=INK, lw=1.4, label="planned: production − outflow")
        above.plot(times, smooth, color=BLUE, label="smooth load")
        above.set_title("Hourly plans are steps, the load is smooth")
        above.set_ylabel("power (MW)")
        below.axhline(0, color=FAINT, lw=0.8)
        below.fill_between(times, structural, color=ORANGE, alpha=0.3, lw=0)
        below.plot(times, structural, color=ORANGE, label="structural imbalance")
        below.plot(times, y, color=INK, lw=1.4, label="imbalance y")
        below.plot(times, y - structural, color=GREEN, label="residual: y − structural")
        changes = [series.diff().std() for series in (y, y - structural)]
        below.set_title(
            f"Changes in five minutes: {changes[0]:.0f} MW (std) of y, "
            f"{changes[1]:.0f} MW of the residual"
        )
        below.set(ylabel="imbalance (MW)", xlabel=f"UTC, {first:%-d %B %Y}")
        below.set_xlim(times[0], times[-1])
        above.legend(loc="best")
        figure.legend(handles=below.get_lines()[1:], loc="outside lower center", ncols=3)
        for axes in (above, below):
            axes.yaxis.set_major_formatter(THOUSANDS)
            axes.xaxis.set_major_locator(mdates.HourLocator(byhour=range(0, 24, 3)))
            axes.xaxis.set_major_formatter(mdates.DateFormatter("%H:%M"))
    return figure


def series_statistics(table: pd.DataFrame, title: str) -> Figure:
    """Draw a few days of the imbalance, and statistics of the whole table.

    Args:
        table: At least nine days; see `schema`.
        title: Heading of the picture.

    Raises:
        ValueError: If the table is too short.
    """
    if len(table) < 9 * DAY:
        raise ValueError(f"table: {len(table)} rows, at least {9 * DAY} expected")
    y = table["y"].where(~gross_outliers(table))
    low, high = y.quantile([0.001, 0.999])
    lags = np.arange(1, 313, 3)
    by_minute = y.diff().abs().groupby(y.index.minute).mean()
    load = pd.Series(planned_load(table), local_time(table.index))
    workday = load[load.index.day_of_week < 5]
    by_hour = workday.groupby(workday.index.hour).mean()
    with styled_figure(8, 9, title) as figure:
        panels = figure.subplot_mosaic([["days", "days"], ["values", "lags"], ["minutes", "load"]])
        draw_days(panels["days"], table)
        panels["values"].hist(y, np.linspace(low, high, 61), color=BLUE)
        panels["values"].set(title="Distribution", xlabel="imbalance (MW)", ylabel="rows")
        panels["values"].yaxis.set_major_formatter(THOUSANDS)
        panels["lags"].plot(lags / 12, [y.corr(y.shift(lag)) for lag in lags], color=BLUE)
        panels["lags"].set(title="Autocorrelation", xlabel="lag (hours)", ylabel="correlation")
        panels["minutes"].plot(by_minute.index, by_minute, "o-", color=BLUE)
        panels["minutes"].set(title="Change in five minutes", xlabel="minute of the hour (UTC)")
        panels["minutes"].set(ylabel="mean |change| (MW)", ylim=(0, None))
        panels["load"].plot(by_hour.index + 0.5, by_hour, color=BLUE)
        panels["load"].set(title="Load on workdays", xlabel="local hour", ylabel="mean load (MW)")
        panels["load"].set_xlim(0, 24)
        panels["load"].yaxis.set_major_formatter(THOUSANDS)
        for name, step in (("lags", 6), ("minutes", 15), ("load", 6)):
            panels[name].xaxis.set_major_locator(MultipleLocator(step))
    return figure


def draw_days(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the imbalance and its structural part on a few days late in a table."""
    first = table.index[int(len(table) * FIRST_SHOWN)].normalize()
    days = (table.index >= first) & (table.index < first + pd.Timedelta(days=DAYS_SHOWN))
    times, y = table.index[days], table["y"].where(~gross_outliers(table))[days]
    axes.axhline(0, color=FAINT, lw=0.8)
    axes.plot(times, y, color=BLUE, lw=1.4, label="y")
    structural = structural_in_hindsight(table)[days]
    axes.plot(times, structural, color=ORANGE, lw=1, label="structural imbalance")
    axes.set(ylabel="imbalance (MW)", xlim=(times[0], times[-1]))
    axes.set_title(f"{DAYS_SHOWN} days")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2)
    format_dates(axes)


def number_text(value: float) -> str:
    """Return a number with separators of thousands and a minus sign."""
    return f"{value:,.0f}".replace("-", "−")


def format_dates(axes: Axes) -> None:
    """Label the time axis with short dates and its time zone."""
    locator = mdates.AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    axes.set_xlabel("time (UTC)")
