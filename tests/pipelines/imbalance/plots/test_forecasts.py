"""Pictures of forecasts show the numbers that they are given."""

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.forecasters.intervals import LEVELS
from pipelines.imbalance.plots.forecasts import (
    calibration_curves,
    error_by_step,
    forecast_gallery,
    residuals_by_hour,
)
from pipelines.pictures import save_picture

HORIZON, ROWS = 24, 288 * 12


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


def curve(axes, label):
    lines = {line.get_label(): line for line in axes.get_lines()}
    return lines[label].get_ydata()


def test_every_variant_has_its_curve_and_the_worst_is_named_first():
    errors = {f"variant_{number}": np.full(8, 10.0 + number) for number in range(8)}
    figure = error_by_step(errors, 15)
    axes = figure.axes[0]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == [f"variant_{number}" for number in reversed(range(8))]
    assert curve(axes, "variant_3").tolist() == [13] * 8
    assert axes.get_lines()[0].get_xdata().tolist() == list(range(15, 121, 15))
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.get_lines()}
    assert len(looks) == 8
    with pytest.raises(ValueError, match="errors: none"):
        error_by_step({}, 5)


def test_the_gallery_shows_best_median_and_worst_forecasts_apart(backtest):
    *arguments, truth = backtest
    figure = forecast_gallery(*arguments, "Forecasts")
    errors = np.sqrt(np.square(arguments[3] - truth).mean(axis=1))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[0] == f"best: {errors.min():.0f} MW off"
    assert titles[3] == f"median: {np.median(errors):.0f} MW off"
    assert titles[6] == f"worst: {errors.max():.0f} MW off"
    for row in (figure.axes[:3], figure.axes[3:6], figure.axes[6:]):
        starts = sorted(axes.get_lines()[2].get_xdata()[0] for axes in row)
        assert min(np.diff(pd.DatetimeIndex(starts))) >= pd.Timedelta(days=1)


def test_the_gallery_draws_history_truth_and_forecast_from_the_origin_on(backtest):
    imbalance, times, origins, forecast, quantiles, truth = backtest
    figure = forecast_gallery(imbalance, times, origins, forecast, quantiles, "Forecasts")
    worst = int(np.argmax(np.square(forecast - truth).sum(axis=1)))
    axes = figure.axes[6]
    measured = curve(axes, "measured")
    origin = origins[worst]
    np.testing.assert_array_equal(measured, imbalance[origin - 48 : origin + 25])
    assert curve(axes, "forecast").tolist() == [imbalance[origin], *forecast[worst]]
    bands = [band.get_label() for band in axes.collections]
    assert bands == ["90 % interval", "80 % interval"]


def test_few_forecasts_leave_panels_empty(backtest):
    imbalance, times, origins, forecast, quantiles, _ = backtest
    figure = forecast_gallery(imbalance, times, origins[:5], forecast[:5], quantiles[:5], "Few")
    assert [axes.get_visible() for axes in figure.axes[:3]] == [True, False, False]
    with pytest.raises(ValueError, match="origins: none"):
        forecast_gallery(imbalance, times, origins[:0], forecast[:0], quantiles[:0], "None")


def test_calibration_shows_the_shares_that_held(backtest):
    quantiles, truth = backtest[-2:]
    figure = calibration_curves(truth, quantiles, 5, "Calibration")
    reliability, coverage = figure.axes
    below = (truth[:, -1, None] <= quantiles[:, -1]).mean(axis=0)
    np.testing.assert_allclose(curve(reliability, "last step"), below)
    inside = (quantiles[:, :, 0] <= truth) & (truth <= quantiles[:, :, -1])
    np.testing.assert_allclose(curve(coverage, "90 % interval"), 100 * inside.mean(axis=0))


def test_residuals_are_grouped_by_the_hour_of_the_step(backtest):
    _, times, origins, forecast, _, truth = backtest
    ahead = times.to_numpy()[origins[:, None] + np.arange(1, HORIZON + 1)]
    errors = (
        truth
        - forecast
        + np.where(pd.DatetimeIndex(ahead.ravel()).hour == 7, 500, 0).reshape(ahead.shape)
    )
    figure = residuals_by_hour(errors, ahead, "Errors")
    means = curve(figure.axes[0], "mean")
    assert len(means) == 24
    assert int(np.argmax(means)) == 7


def test_pictures_are_saved_the_same_twice(backtest, tmp_path):
    quantiles, truth = backtest[-2:]
    for name in ("one", "other"):
        save_picture(calibration_curves(truth, quantiles, 5, "Calibration"), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
