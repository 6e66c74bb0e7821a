"""Plots of single forecasts with their intervals and the measurements."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, HourLocator
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipelines.imbalance.forecasters.forecast_table import forecast_rows
from pipelines.imbalance.forecasters.intervals import PERCENTS
from pipelines.pictures import COLOURS, FAINT, INK, styled_figure

__all__ = ["forecast_gallery", "show_example", "show_forecast"]

FORECAST, MEASURED = COLOURS[1], INK
HISTORY, DAY = pd.Timedelta(hours=3), pd.Timedelta(days=1)
KINDS = {"good": 10, "median": 50, "poor": 90}
"""Percentile of the error of each kind of forecast in the gallery."""


def forecast_gallery(
    imbalance: NDArray[np.float64],
    times: pd.DatetimeIndex,
    origins: NDArray[np.int64],
    forecast: NDArray[np.float64],
    quantiles: NDArray[np.float64],
    title: str,
) -> Figure:
    """Draw two good, two median and two poor forecasts with their intervals.

    A good forecast has an error near the 10th percentile of all errors, a poor one near the 90th.
    Two forecasts of one kind are at least a day apart. All panels have the same scale.

    Args:
        imbalance: Measured imbalance, MW [rows].
        times: Time of each row, UTC.
        origins: Rows of the origins [n].
        forecast: MW [n, horizon].
        quantiles: Quantiles at each of `intervals.LEVELS`, MW [n, horizon, 19].
        title: Heading of the picture.

    Raises:
        ValueError: If there is no forecast.
    """
    if not len(origins):
        raise ValueError("origins: none, at least one expected")
    ahead = origins[:, None] + np.arange(1, forecast.shape[1] + 1)
    errors = np.sqrt(np.square(forecast - imbalance[ahead]).mean(axis=1))
    measured = pd.Series(imbalance, times)
    with styled_figure(8, 8.6, title) as figure:
        grid = figure.subplots(3, 2, sharey=True)
        for panels, (kind, percentile) in zip(grid, KINDS.items(), strict=True):
            distances = np.abs(errors - np.percentile(errors, percentile))
            shown = _days_apart(times[origins], np.argsort(distances, kind="stable"), len(panels))
            for axes, index in zip(panels, shown, strict=False):
                rows = [index]
                table = forecast_rows(
                    times[origins[rows]],
                    times.to_numpy()[ahead[rows]],
                    forecast[rows],
                    quantiles[rows],
                )
                show_forecast(axes, measured, table)
                axes.set_title(f"{kind}: RMSE {errors[index]:.0f} MW")
            for axes in panels[len(shown) :]:
                axes.set_visible(False)
            panels[0].set_ylabel("imbalance (MW)")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        note = "Good, median and poor: RMSE at its 10th, 50th and 90th percentile"
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), title=note)
    return figure


def show_example(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the forecast with the widest range among those with at most the median error.

    Args:
        axes: Axes to draw on.
        rows: Forecasts and measured y, as `forecast_file.write_forecasts` saves them.
    """
    measured = rows.drop_duplicates("time").set_index("time")["y"]
    by_origin = (
        rows[rows["origin"].isin(measured.index)]
        .assign(square=np.square(rows["y"] - rows["forecast"]))
        .groupby("origin")
    )
    errors = by_origin["square"].mean()
    ranges = by_origin["forecast"].max() - by_origin["forecast"].min()
    example = ranges[errors <= errors.median()].idxmax()
    show_forecast(axes, measured, rows[rows["origin"] == example])


def show_forecast(axes: Axes, measured: "pd.Series[float]", forecast: pd.DataFrame) -> None:
    """Draw one forecast with its intervals, and the measurements before and after its origin.

    Args:
        axes: Axes to draw on.
        measured: Measured imbalance by time in UTC, MW.
        forecast: Rows of one origin, as `forecast_table.forecast_rows` returns them.
    """
    origin, times = forecast["origin"].iloc[0], forecast["time"]
    for percent, alpha in zip(sorted(PERCENTS, reverse=True), (0.2, 0.35), strict=True):
        bounds = forecast[f"lower_{percent}"], forecast[f"upper_{percent}"]
        label = f"{percent}% interval"
        axes.fill_between(times, *bounds, color=FORECAST, alpha=alpha, lw=0, label=label)
    shown = measured[origin - HISTORY : times.iloc[-1]]
    axes.plot(shown.index, shown, color=MEASURED, label="measured")
    start = pd.Series(measured[origin], [origin])
    line = pd.concat([start, forecast.set_index("time")["forecast"]])
    axes.plot(line.index, line, color=FORECAST, lw=2.2, label="forecast")
    axes.axvline(origin, color=FAINT, linestyle=":", linewidth=1.2)
    axes.xaxis.set_major_locator(HourLocator())
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))
    axes.set_xlabel(f"UTC, {origin:%-d %B %Y}")


def _days_apart(origins: pd.DatetimeIndex, ranked: NDArray[np.int64], count: int) -> list[int]:
    """Return the first of the ranked forecasts whose origins are at least a day apart."""
    chosen: list[int] = []
    for index in ranked:
        if all(abs(origins[index] - origins[other]) >= DAY for other in chosen):
            chosen.append(int(index))
        if len(chosen) == count:
            break
    return chosen
