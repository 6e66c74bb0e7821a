"""Plots of forecasts: their errors, and the coverage of their intervals."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter, HourLocator
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipelines.imbalance.evaluation.backtest import Backtest
from pipelines.imbalance.features.features import Features
from pipelines.imbalance.forecasters.intervals import LEVELS, interval
from pipelines.pictures import COLOURS, FAINT, INK, loss_curves, styled_figure

__all__ = [
    "calibration_curves",
    "draw_forecasts",
    "error_by_step",
    "forecast_gallery",
    "residuals_by_hour",
]

FORECAST, MEASURED = COLOURS[1], INK
HISTORY_HOURS = 4


def draw_forecasts(
    name: str, features: Features, backtest: Backtest, history: pd.DataFrame
) -> Iterator[tuple[str, Figure]]:
    """Draw every plot of a forecaster.

    Args:
        name: Of the model, for the titles.
        features: Of the table.
        backtest: Its forecasts.
        history: Of its training; empty if it was not trained in epochs.

    Yields:
        Name and figure.
    """
    truth, forecast, times = backtest.truth, backtest.forecast, backtest.times
    yield (
        "forecasts",
        forecast_gallery(
            *(features.imbalance, features.times, backtest.origins, forecast, backtest.quantiles),
            f"Forecasts of two hours, {name}",
        ),
    )
    title = f"How far intervals can be trusted, {name}"
    minutes = features.clock.minutes
    yield "calibration", calibration_curves(truth, backtest.quantiles, minutes, title)
    title = f"Errors by hour, {name}"
    yield "residuals_by_hour", residuals_by_hour(truth - forecast, times, title)
    if len(history):
        networks = sum(column.endswith("/validation/loss") for column in history)
        title = f"Training {name}" + (f", mean of {networks} networks" if networks > 1 else "")
        yield "loss_curves", loss_curves(history, title)


def error_by_step(errors: Mapping[str, NDArray[np.float64]], minutes: int) -> Figure:
    """Draw the root mean squared error of every variant at every step.

    Args:
        errors: By the variant's name, MW [horizon].
        minutes: How long a step lasts.

    Raises:
        ValueError: If there is no variant.
    """
    if not errors:
        raise ValueError("errors: none, at least one variant expected")
    styles = ("-", "--", ":")
    with styled_figure(8, 4.6, "Error by lead time") as figure:
        axes = figure.subplots()
        by_last = sorted(errors.items(), key=lambda item: -item[1][-1])
        for number, (name, curve) in enumerate(by_last):
            lead = minutes * np.arange(1, len(curve) + 1)
            style = styles[number // len(COLOURS) % len(styles)]
            colour = COLOURS[number % len(COLOURS)]
            axes.plot(lead, curve, style, color=colour, label=name)
        axes.set(xlabel="minutes ahead", ylabel="root mean squared error (MW)")
        axes.set_ylim(bottom=0)
        axes.set_xlim(0, minutes * len(by_last[0][1]))
        axes.set_xticks(range(0, minutes * len(by_last[0][1]) + 1, 15))
        figure.legend(loc="outside right upper", title="worst at the end first", title_fontsize=9)
    return figure


def forecast_gallery(
    imbalance: NDArray[np.float64],
    times: pd.DatetimeIndex,
    origins: NDArray[np.int64],
    forecast: NDArray[np.float64],
    quantiles: NDArray[np.float64],
    title: str,
) -> Figure:
    """Draw the three best, three median and three worst forecasts, with their intervals.

    Of each kind, forecasts less than a day apart are shown once.

    Args:
        imbalance: As it was measured, MW [rows].
        times: UTC, of every row.
        origins: Rows, [n].
        forecast: MW [n, horizon].
        quantiles: At each of `intervals.LEVELS`, MW [n, horizon, 19].
        title: Heading of the picture.

    Raises:
        ValueError: If there is no forecast.
    """
    if not len(origins):
        raise ValueError("origins: none, at least one expected")
    horizon = forecast.shape[1]
    truth = imbalance[origins[:, None] + np.arange(1, horizon + 1)]
    errors = np.sqrt(np.square(forecast - truth).mean(axis=1))
    day = pd.Timedelta(days=1) // (times[1] - times[0])
    order = np.argsort(errors, kind="stable")
    kinds = {
        "best": order,
        "median": order[np.argsort(np.abs(np.arange(len(order)) - len(order) // 2), kind="stable")],
        "worst": order[::-1],
    }
    with styled_figure(10.5, 7.6, title) as figure:
        panels = figure.subplots(3, 3)
        for row, (kind, ranked) in zip(panels, kinds.items(), strict=True):
            shown = _apart(origins, ranked, day, 3)
            for axes, index in zip(row, shown, strict=False):
                _draw_forecast(
                    axes, imbalance, times, origins[index], forecast[index], quantiles[index]
                )
                axes.set_title(f"{kind}: {errors[index]:.0f} MW off", fontsize=9)
            for axes in row[len(shown) :]:
                axes.set_visible(False)
            row[0].set_ylabel("imbalance (MW)")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def calibration_curves(
    truth: NDArray[np.float64], quantiles: NDArray[np.float64], minutes: int, title: str
) -> Figure:
    """Draw the coverage of each quantile, and of each interval at every step.

    Args:
        truth: MW [n, horizon].
        quantiles: At each of `intervals.LEVELS`, MW [n, horizon, 19].
        minutes: How long a step lasts.
        title: Heading of the picture.
    """
    below = (truth[:, :, None] <= quantiles).mean(axis=0)
    lead = minutes * np.arange(1, truth.shape[1] + 1)
    with styled_figure(10, 4.2, title) as figure:
        reliability, coverage = figure.subplots(1, 2)
        reliability.plot([0, 1], [0, 1], color=FAINT, linestyle=":", label="perfect")
        for name, step, colour in (
            ("first step", 0, COLOURS[5]),
            ("middle step", len(lead) // 2, COLOURS[0]),
            ("last step", -1, COLOURS[3]),
        ):
            reliability.plot(LEVELS, below[step], color=colour, marker="o", label=name)
        reliability.set(
            title="Quantiles", xlabel="level of the quantile", ylabel="share of measurements below"
        )
        reliability.set_aspect("equal")
        reliability.legend()
        for percent, colour in ((90, COLOURS[0]), (80, COLOURS[1])):
            lower, upper = interval(quantiles, percent)
            held = ((lower <= truth) & (truth <= upper)).mean(axis=0)
            coverage.plot(lead, 100 * held, color=colour, marker="o", label=f"{percent} % interval")
            coverage.axhline(percent, color=colour, linestyle=":", linewidth=1)
        coverage.set(title="Intervals", xlabel="minutes ahead", ylabel="share of measurements (%)")
        coverage.set_ylim(min(70, coverage.get_ylim()[0]), 100)
        coverage.legend(loc="lower right")
    return figure


def residuals_by_hour(
    errors: NDArray[np.float64], times: NDArray[np.datetime64], title: str
) -> Figure:
    """Draw the distribution of forecast errors at each hour of the day.

    Args:
        errors: Truth less forecast, MW [n, horizon].
        times: UTC, of every step, [n, horizon].
        title: Heading of the picture.
    """
    by_hour = pd.Series(errors.ravel()).groupby(pd.DatetimeIndex(times.ravel()).hour)
    levels = by_hour.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).unstack()
    hours = levels.index.to_numpy()
    with styled_figure(9, 4.2, title) as figure:
        axes = figure.subplots()
        bars = {"bottom": levels[0.05], "height": levels[0.95] - levels[0.05]}
        axes.bar(hours, **bars, width=0.8, color=COLOURS[5], alpha=0.45, label="90 % of errors")
        bars = {"bottom": levels[0.25], "height": levels[0.75] - levels[0.25]}
        axes.bar(hours, **bars, width=0.8, color=COLOURS[0], alpha=0.75, label="half of them")
        axes.plot(
            hours, levels[0.5], "_", color=INK, markersize=11, markeredgewidth=2, label="median"
        )
        axes.plot(hours, by_hour.mean(), "o", color=COLOURS[1], label="mean")
        axes.axhline(0, color=FAINT, linewidth=1)
        axes.set(xlabel="hour of the day (UTC)", ylabel="measured less forecast (MW)")
        axes.set_xticks(range(0, 24, 3))
        axes.set_xlim(hours[0] - 0.7, hours[-1] + 0.7)
        axes.use_sticky_edges = False
        axes.autoscale(axis="y")
        axes.grid(axis="x", visible=False)
        figure.legend(loc="outside lower center", ncols=4)
    return figure


def _apart(
    origins: NDArray[np.int64], ranked: NDArray[np.int64], distance: int, count: int
) -> list[int]:
    """Return the first of the ranked whose origins are at least the distance apart."""
    chosen: list[int] = []
    for index in ranked:
        if all(abs(origins[index] - origins[other]) >= distance for other in chosen):
            chosen.append(int(index))
        if len(chosen) == count:
            break
    return chosen


def _draw_forecast(
    axes: Axes,
    imbalance: NDArray[np.float64],
    times: pd.DatetimeIndex,
    origin: int,
    forecast: NDArray[np.float64],
    quantiles: NDArray[np.float64],
) -> None:
    """Draw measurements before and after an origin, the forecast, and its intervals."""
    per_hour = pd.Timedelta(hours=1) // (times[1] - times[0])
    first, last = max(origin - HISTORY_HOURS * per_hour, 0), origin + len(forecast)
    ahead = times[origin + 1 : last + 1]
    for percent, alpha in ((90, 0.18), (80, 0.3)):
        lower, upper = (bound[0] for bound in interval(quantiles[None], percent))
        axes.fill_between(
            ahead, lower, upper, color=FORECAST, alpha=alpha, lw=0, label=f"{percent} % interval"
        )
    measured = imbalance[first : last + 1]
    axes.plot(times[first : last + 1], measured, color=MEASURED, lw=1.4, label="measured")
    axes.plot(
        times[origin : last + 1],
        np.concatenate([imbalance[origin : origin + 1], forecast]),
        color=FORECAST,
        label="forecast",
    )
    axes.axvline(times[origin], color=FAINT, linestyle=":", linewidth=1)
    locator = HourLocator(interval=2)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.tick_params(labelsize=8)
