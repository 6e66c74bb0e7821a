"""Plots of a forecaster: examples, errors, and the coverage of the intervals."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, PercentFormatter
from numpy.typing import NDArray

from pipelines.imbalance.evaluation.backtest import Backtest
from pipelines.imbalance.features.features import Features
from pipelines.imbalance.forecasters.intervals import LEVELS, PERCENTS, interval
from pipelines.imbalance.plots.examples import forecast_gallery
from pipelines.pictures import COLOURS, FAINT, INK, loss_curves, styled_figure

__all__ = [
    "calibration_curves",
    "draw_forecasts",
    "error_by_step",
    "residuals_by_hour",
]


def draw_forecasts(
    name: str, features: Features, backtest: Backtest, history: pd.DataFrame
) -> Iterator[tuple[str, Figure]]:
    """Draw every plot of a forecaster.

    Args:
        name: Name of the model, for the titles.
        features: Features of the table.
        backtest: Forecasts of the model.
        history: Metrics of each epoch of its training; empty if it has no epochs.

    Yields:
        Name and figure.
    """
    truth, forecast, times = backtest.truth, backtest.forecast, backtest.times
    yield (
        "forecasts",
        forecast_gallery(
            *(features.imbalance, features.times, backtest.origins, forecast, backtest.quantiles),
            f"Two-hour forecasts of {name}",
        ),
    )
    minutes = features.clock.minutes
    title = f"Calibration of the intervals of {name}"
    yield "calibration", calibration_curves(truth, backtest.quantiles, minutes, title)
    title = f"Forecast errors of {name} by hour"
    yield "residuals_by_hour", residuals_by_hour(truth - forecast, times, title)
    if len(history):
        networks = sum(column.endswith("/validation/loss") for column in history)
        title = f"Training of {name}" + (f", mean of {networks} networks" if networks > 1 else "")
        loss = "MSE / target variance"
        yield "loss_curves", loss_curves(history, title, loss=loss)


def error_by_step(errors: Mapping[str, NDArray[np.float64]], minutes: int) -> Figure:
    """Draw the root mean squared error of each variant by lead time.

    Args:
        errors: MW [horizon], by name of the variant.
        minutes: Length of a step.

    Raises:
        ValueError: If there is no variant.
    """
    if not errors:
        raise ValueError("errors: none, at least one variant expected")
    styles = ("-", "--", ":")
    with styled_figure(8, 4.8, "Error by lead time") as figure:
        axes = figure.subplots()
        by_last = sorted(errors.items(), key=lambda item: -item[1][-1])
        for number, (name, curve) in enumerate(by_last):
            lead = minutes * np.arange(1, len(curve) + 1)
            style = styles[number // len(COLOURS) % len(styles)]
            colour = COLOURS[number % len(COLOURS)]
            axes.plot(lead, curve, style, color=colour, label=name)
        axes.set(xlabel="lead time (minutes)", ylabel="RMSE (MW)", xlim=(0, lead[-1]))
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MultipleLocator(15))
        figure.legend(loc="outside lower center", ncols=3)
    return figure


def calibration_curves(
    truth: NDArray[np.float64], quantiles: NDArray[np.float64], minutes: int, title: str
) -> Figure:
    """Draw the share of measurements below each quantile and within each interval.

    Args:
        truth: MW [n, horizon].
        quantiles: Quantiles at each of `intervals.LEVELS`, MW [n, horizon, 19].
        minutes: Length of a step.
        title: Heading of the picture.
    """
    below = (truth[:, :, None] <= quantiles).mean(axis=0)
    lead = minutes * np.arange(1, truth.shape[1] + 1)
    with styled_figure(8, 4.6, title) as figure:
        reliability, coverage = figure.subplots(1, 2)
        reliability.plot([0, 1], [0, 1], color=FAINT, linestyle=":", label="ideal")
        for step, colour in ((0, COLOURS[5]), (len(lead) // 2 - 1, COLOURS[0]), (-1, COLOURS[3])):
            label = f"{lead[step]} minutes ahead"
            reliability.plot(LEVELS, below[step], color=colour, marker="o", label=label)
        reliability.set(xlabel="level of the quantile", ylabel="measurements below it")
        for percent, colour in zip(PERCENTS, (COLOURS[1], COLOURS[2]), strict=True):
            lower, upper = interval(quantiles, percent)
            covered = ((lower <= truth) & (truth <= upper)).mean(axis=0)
            coverage.plot(lead, covered, color=colour, marker="o", label=f"{percent}% interval")
            coverage.axhline(percent / 100, color=FAINT, linestyle=":")
        coverage.set(xlabel="lead time (minutes)", ylabel="measurements in the interval")
        coverage.set_ylim(min(0.7, coverage.get_ylim()[0]), 1)
        coverage.xaxis.set_major_locator(MultipleLocator(30))
        coverage.yaxis.set_major_locator(MultipleLocator(0.05))
        for axis in (reliability.xaxis, reliability.yaxis, coverage.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        figure.legend(loc="outside lower center", ncols=3)
    return figure


def residuals_by_hour(
    errors: NDArray[np.float64], times: NDArray[np.datetime64], title: str
) -> Figure:
    """Draw the distribution of forecast errors by hour of the day.

    Args:
        errors: Measured minus forecast, MW [n, horizon].
        times: Time of each step, UTC [n, horizon].
        title: Heading of the picture.
    """
    by_hour = pd.Series(errors.ravel()).groupby(pd.DatetimeIndex(times.ravel()).hour)
    levels = by_hour.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).unstack()
    hours = levels.index.to_numpy()
    with styled_figure(8, 4.6, title) as figure:
        axes = figure.subplots()
        bars = {"bottom": levels[0.05], "height": levels[0.95] - levels[0.05]}
        axes.bar(
            hours, **bars, width=0.8, color=COLOURS[5], alpha=0.45, label="middle 90% of errors"
        )
        bars = {"bottom": levels[0.25], "height": levels[0.75] - levels[0.25]}
        axes.bar(hours, **bars, width=0.8, color=COLOURS[0], alpha=0.75, label="middle 50%")
        axes.plot(
            hours, levels[0.5], "_", color=INK, markersize=11, markeredgewidth=2, label="median"
        )
        axes.plot(hours, by_hour.mean(), "o", color=COLOURS[1], label="mean")
        axes.axhline(0, color=FAINT, linewidth=1)
        axes.set(xlabel="hour of the day (UTC)", ylabel="measured − forecast (MW)")
        axes.set_xticks(range(0, 24, 3))
        axes.set_xlim(hours[0] - 0.7, hours[-1] + 0.7)
        axes.use_sticky_edges = False
        axes.autoscale(axis="y")
        axes.grid(axis="x", visible=False)
        figure.legend(loc="outside lower center", ncols=4)
    return figure
