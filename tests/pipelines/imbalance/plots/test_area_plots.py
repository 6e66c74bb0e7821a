"""Plots of a series and of its forecasts show the numbers that they are given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipelines.imbalance.data.schema import gross_outliers
from pipelines.imbalance.features.structural import structural_in_hindsight
from pipelines.imbalance.forecasters.forecast_table import forecast_rows
from pipelines.imbalance.forecasters.intervals import LEVELS
from pipelines.imbalance.plots.examples import forecast_gallery, show_example
from pipelines.imbalance.plots.forecasts import (
    calibration_curves,
    error_by_step,
    residuals_by_hour,
)
from pipelines.imbalance.plots.series import (
    series_statistics,
    series_with_outliers,
    structural_day,
)
from pipelines.imbalance.simulator.area import simulate_table

HORIZON, ROWS = 24, 288 * 12


@pytest.fixture(scope="module")
def area():
    return simulate_table("2021-03-01 03:30", 4000, np.random.default_rng(0))


def line(axes, label):
    lines = {line.get_label(): line for line in axes.get_lines()}
    return np.asarray(lines[label].get_ydata(), float)


def test_outliers_are_marked_where_they_are_or_at_the_edge_and_counted(area):
    y = np.zeros(4000)
    y[[100, 2000, 2001, 3999]] = [900, -56_000, -701, -700]
    figure = series_with_outliers(area.assign(y=y), (-700, 600), "Test")
    (axes,) = figure.axes
    marks = next(line for line in axes.get_lines() if line.get_marker() == "o")
    assert list(marks.get_xdata()) == list(area.index[[100, 2000, 2001]])
    edge = axes.get_ylim()[1]
    np.testing.assert_allclose(marks.get_ydata(), [900, -0.97 * edge, -701])
    (legend,) = figure.legends
    assert legend.get_texts()[-1].get_text() == "3 outliers of 4,000 rows (0.07%)"
    assert legend.get_title().get_text() == (
        "Shaded: clipped at −700 and 600 MW. Extremes: −56,000 and 900 MW."
    )


def test_a_stretch_of_outliers_alone_is_a_hole_in_the_band_and_parts_are_marked(area):
    y = np.where((np.arange(4000) >= 1000) & (np.arange(4000) < 1288), -2000.0, 10.0)
    starts = {"train": area.index[0], "test": area.index[3000]}
    table = area.assign(y=y)
    (axes,) = series_with_outliers(table, (-700, 600), "Test", starts=starts).axes
    median = axes.get_lines()[0]
    times = median.get_xdata()[np.isnan(median.get_ydata())]
    assert area.index[1000] <= times.min()
    assert times.max() <= area.index[1288]
    assert np.nanmax(median.get_ydata()) == 10
    assert [text.get_text().strip() for text in axes.texts] == ["train", "test"]
    drawn = [line.get_xdata()[0] for line in axes.get_lines() if line.get_linestyle() == ":"]
    assert drawn == list(starts.values())


def test_a_day_shows_plans_smooth_load_structure_and_what_is_left(area):
    above, below = structural_day(area, "2021-03-05", "Test").axes
    day = area["2021-03-05":"2021-03-05"]
    structural = structural_in_hindsight(area)[area.index.isin(day.index)]
    planned = day["total"] - day["flow"]
    for axes, label, expected in (
        (above, "planned: production − outflow", planned),
        (above, "smooth load", planned - structural),
        (below, "structural imbalance", structural),
        (below, "imbalance y", day["y"]),
        (below, "residual: y − structural", day["y"] - structural),
    ):
        np.testing.assert_allclose(line(axes, label), expected, err_msg=label)
    left, right = (day["y"].diff().std(), (day["y"] - structural).diff().std())
    title = f"Changes in five minutes: {left:.0f} MW (std) of y, {right:.0f} MW of the residual"
    assert below.get_title(loc="left") == title
    assert below.get_xlabel() == "UTC, 5 March 2021"


def test_statistics_of_a_series_leave_gross_outliers_out(area):
    days, values, lags, by_minute, _ = series_statistics(area, "Test").axes
    y = area["y"].where(~gross_outliers(area))
    assert lags.get_lines()[0].get_ydata()[0] == pytest.approx(y.corr(y.shift(1)))
    changes = y.diff().abs().groupby(y.index.minute).mean()
    np.testing.assert_allclose(by_minute.get_lines()[0].get_ydata(), changes)
    low, high = y.quantile([0.001, 0.999])
    counts = [patch.get_height() for patch in values.patches]
    assert sum(counts) == y.between(low, high).sum()
    shown = np.concatenate([line(days, "y"), line(days, "structural imbalance")])
    bottom, top = days.get_ylim()
    assert np.ptp(shown) > 0.8 * (top - bottom), "the days must fill their panel"


@pytest.fixture(scope="module")
def backtest():
    """A random walk, forecast to stay where it is, with intervals that fit it."""
    generator = np.random.default_rng(0)
    imbalance = generator.normal(0, 10, ROWS).cumsum()
    times = pd.date_range("2021-03-01", periods=ROWS, freq="5min")
    origins = np.arange(100, ROWS - HORIZON)
    forecast = np.repeat(imbalance[origins, None], HORIZON, axis=1)
    spread = 10 * np.sqrt(np.arange(1, HORIZON + 1))
    noise = generator.normal(size=100_000)
    quantiles = forecast[:, :, None] + spread[:, None] * np.quantile(noise, LEVELS)
    truth = imbalance[origins[:, None] + np.arange(1, HORIZON + 1)]
    return imbalance, times, origins, forecast, quantiles, truth


def test_every_variant_has_its_curve_and_the_worst_is_named_first():
    errors = {f"variant_{number}": np.full(8, 10.0 + number) for number in range(8)}
    figure = error_by_step(errors, 15)
    axes = figure.axes[0]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == [f"variant_{number}" for number in reversed(range(8))]
    assert line(axes, "variant_3").tolist() == [13] * 8
    assert axes.get_lines()[0].get_xdata().tolist() == list(range(15, 121, 15))
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.get_lines()}
    assert len(looks) == 8


def test_the_gallery_shows_good_median_and_poor_forecasts_on_one_scale(backtest):
    imbalance, times, origins, forecast, quantiles, truth = backtest
    figure = forecast_gallery(imbalance, times, origins, forecast, quantiles, "Forecasts")
    errors = np.sqrt(np.square(forecast - truth).mean(axis=1))
    expected = [f"RMSE {np.percentile(errors, percent):.0f} MW" for percent in (10, 50, 90)]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    kinds = ("good", "median", "poor")
    assert titles[::2] == [f"{kind}: {error}" for kind, error in zip(kinds, expected, strict=True)]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    for pair in np.reshape(figure.axes, (3, 2)):
        starts = sorted(axes.get_lines()[2].get_xdata()[0] for axes in pair)
        assert np.diff(pd.DatetimeIndex(starts)) >= pd.Timedelta(days=1)

    panel = figure.axes[-2]
    row = int(np.argmin(np.abs(errors - np.percentile(errors, 90))))
    origin = origins[row]
    measured = line(panel, "measured")
    np.testing.assert_array_equal(measured, imbalance[origin - 36 : origin + 25])
    assert line(panel, "forecast").tolist() == [imbalance[origin], *forecast[row]]
    bands = [band.get_label() for band in panel.collections]
    assert bands == ["90% interval", "80% interval"]
    assert panel.get_xlabel() == f"UTC, {times[origin]:%-d %B %Y}"

    few = forecast_gallery(imbalance, times, origins[:5], forecast[:5], quantiles[:5], "Few")
    assert [axes.get_visible() for axes in few.axes[:2]] == [True, False]
    with pytest.raises(ValueError, match="origins: none"):
        forecast_gallery(imbalance, times, origins[:0], forecast[:0], quantiles[:0], "None")


def test_the_example_has_the_widest_range_in_the_better_half_of_the_forecasts(backtest):
    imbalance, times, origins, forecast, quantiles, truth = (
        part if index < 2 else part[:50] for index, part in enumerate(backtest)
    )
    forecast, quantiles = forecast.copy(), quantiles.copy()
    forecast[30] = truth[30]  # the better half, and it moves
    forecast[40] = truth[40] + 1000 * np.arange(HORIZON)
    ahead = times.to_numpy()[origins[:, None] + np.arange(1, HORIZON + 1)]
    rows = forecast_rows(times[origins], ahead, forecast, quantiles).assign(y=truth.ravel())
    axes = Figure().subplots()
    show_example(axes, rows)
    assert line(axes, "forecast").tolist() == [imbalance[origins[30]], *truth[30]]
    np.testing.assert_array_equal(
        line(axes, "measured"), imbalance[origins[1] : origins[30] + HORIZON + 1]
    )


def test_calibration_shows_the_shares_that_held(backtest):
    quantiles, truth = backtest[-2:]
    figure = calibration_curves(truth, quantiles, 5, "Calibration")
    reliability, coverage = figure.axes
    below = (truth[:, -1, None] <= quantiles[:, -1]).mean(axis=0)
    np.testing.assert_allclose(line(reliability, "120 minutes ahead"), below)
    inside = (quantiles[:, :, 0] <= truth) & (truth <= quantiles[:, :, -1])
    np.testing.assert_allclose(line(coverage, "90% interval"), inside.mean(axis=0))


def test_residuals_are_grouped_by_the_hour_of_the_step(backtest):
    _, times, origins, forecast, _, truth = backtest
    ahead = times.to_numpy()[origins[:, None] + np.arange(1, HORIZON + 1)]
    hours = pd.DatetimeIndex(ahead.ravel()).hour.to_numpy().reshape(ahead.shape)
    errors = truth - forecast + 500 * (hours == 7)
    means = line(residuals_by_hour(errors, ahead, "Errors").axes[0], "mean")
    np.testing.assert_allclose(means, [errors[hours == hour].mean() for hour in range(24)])


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda t: series_with_outliers(t, (5, 5), "Test"), "limits: 5, 5, the lower one first"),
        (lambda t: structural_day(t, "2021-03-01", "Test"), "day: 2021-03-01 00:00:00, a whole"),
        (lambda t: structural_day(t, "2022-03-02", "Test"), "a whole day between 2021-03-01 03:30"),
        (lambda t: error_by_step({}, 5), "errors: none"),
        (lambda t: series_statistics(t[:2591], "Test"), "table: 2591 rows, at least 2592"),
    ],
)
def test_what_cannot_be_drawn_is_refused(area, draw, message):
    with pytest.raises(ValueError, match=message):
        draw(area)
