"""Intervals have their nominal coverage, adapt to drift, and use only known errors."""

import numpy as np
import pytest

from pipelines.imbalance.forecasters.intervals import (
    LEVELS,
    Calibration,
    fit_calibration,
    interval,
    load_calibration,
    track_quantiles,
)

HORIZON = 6


def errors_by_hand(count: int, seed: int, spread: float = 1.0):
    """Return errors that are larger for later steps and at night, and the hours of their steps."""
    generator = np.random.default_rng(seed)
    rows = np.arange(count)[:, None] + np.arange(1, HORIZON + 1)
    hours = rows // 12 % 24
    size = spread * 10 * np.sqrt(np.arange(1, HORIZON + 1)) * np.where(hours < 6, 3, 1)
    return size * generator.standard_t(5, size=hours.shape), hours


def coverage(quantiles, truth, percent):
    lower, upper = interval(quantiles, percent)
    return ((lower <= truth) & (truth <= upper)).mean(axis=0)


def test_intervals_have_their_nominal_coverage_at_every_step_and_hour():
    errors, hours = errors_by_hand(9000, 0)
    calibration = fit_calibration(errors, hours)
    truth, hours = errors_by_hand(9000, 1)
    quantiles = calibration.quantiles_about(np.zeros_like(truth), hours)
    for percent in (80, 90):
        np.testing.assert_allclose(coverage(quantiles, truth, percent), percent / 100, atol=0.025)
        lower, upper = interval(quantiles, percent)
        held = (lower <= truth) & (truth <= upper)
        assert held[hours < 6].mean() == pytest.approx(percent / 100, abs=0.03)


def test_quantiles_are_the_forecast_plus_those_of_the_errors_in_ascending_order():
    errors, hours = errors_by_hand(500, 0)
    calibration = fit_calibration(errors + 100, hours)
    forecast = np.full((3, HORIZON), 50.0)
    quantiles = calibration.quantiles_about(forecast, hours[:3])
    assert (np.diff(quantiles, axis=2) > 0).all()
    middle = quantiles[:, :, 9]
    np.testing.assert_allclose(middle, 150, atol=25)


def test_gross_outliers_do_not_widen_the_intervals():
    errors, hours = errors_by_hand(3000, 0)
    clean = fit_calibration(errors, hours)
    errors[:20] = 50_000.0
    dirty = fit_calibration(errors, hours)
    np.testing.assert_allclose(dirty.quantiles[:, :-1], clean.quantiles[:, :-1], rtol=0.3, atol=0.1)


@pytest.mark.parametrize("spread", [0.5, 2.0])
def test_tracked_intervals_recover_their_coverage_days_after_errors_change(spread):
    """Without tracking, the coverage would be 65 % or 99 %."""
    calibration = fit_calibration(*errors_by_hand(3000, 0))
    truth, hours = errors_by_hand(6000, 1, spread)
    forecast = np.zeros_like(truth)
    tracked = track_quantiles(calibration, forecast, truth, hours)
    fixed = calibration.quantiles_about(forecast, hours)
    assert (np.abs(coverage(tracked[3000:], truth[3000:], 90) - 0.9) < 0.03).all()
    assert (np.abs(coverage(fixed, truth, 90) - 0.9) > 0.05).all()
    assert (np.diff(tracked, axis=2) >= 0).all()


def test_the_first_tracked_intervals_are_the_calibrated_ones():
    calibration = fit_calibration(*errors_by_hand(500, 0))
    truth, hours = errors_by_hand(5, 1)
    tracked = track_quantiles(calibration, truth * 0, truth, hours)
    fixed = calibration.quantiles_about(truth * 0, hours)
    np.testing.assert_allclose(tracked[0], fixed[0])
    # at the second origin, only the first step of the previous forecast is known
    np.testing.assert_allclose(tracked[1, 1:], fixed[1, 1:])
    assert not np.allclose(tracked[1, 0], fixed[1, 0])


def moved_in_half_a_day(steps: int) -> np.ndarray:
    """Return the change of the first step's quantiles while all measurements are above them."""
    calibration = Calibration(np.ones(steps), np.ones(24), np.zeros((steps, len(LEVELS))))
    truth = np.full((6 * steps + 1, steps), 1000.0)
    return track_quantiles(calibration, truth * 0, truth, np.zeros(truth.shape, int))[-1, 0]


def test_intervals_adapt_at_the_same_rate_at_5_and_15_minutes():
    np.testing.assert_allclose(moved_in_half_a_day(8), moved_in_half_a_day(24))
    assert (np.diff(moved_in_half_a_day(8)) > 0).all()


def without_later(truth: np.ndarray, origin: int) -> np.ndarray:
    """Replace the truth that is measured after an origin."""
    measured = np.arange(len(truth))[:, None] + np.arange(1, HORIZON + 1)
    return np.where(measured > origin, np.nan, truth)


def leaking(calibration, forecast, truth, hours):
    """Track with all errors of the previous origin, most of which are still unknown."""
    moved = np.vstack([truth[1:], truth[-1:]])
    return track_quantiles(calibration, forecast, moved, hours)


@pytest.mark.parametrize(("track", "same"), [(track_quantiles, True), (leaking, False)])
def test_no_error_changes_an_interval_before_it_is_known(track, same):
    calibration = fit_calibration(*errors_by_hand(500, 0))
    truth, hours = errors_by_hand(80, 1)
    forecast = np.zeros_like(truth)
    expected = track(calibration, forecast, truth, hours)
    unchanged = []
    for origin in range(10, 70):
        quantiles = track(calibration, forecast, without_later(truth, origin), hours)
        unchanged.append(quantiles[origin].tobytes() == expected[origin].tobytes())
    assert all(unchanged) is same


def test_a_saved_calibration_is_loaded_unchanged(tmp_path):
    calibration = fit_calibration(*errors_by_hand(500, 0))
    calibration.save(tmp_path)
    back = load_calibration(tmp_path)
    for name, array in vars(calibration).items():
        np.testing.assert_array_equal(getattr(back, name), array)


@pytest.mark.parametrize(
    "text", ["", "[1]", "{}", '{"steps": [1], "hours": [1], "quantiles": [[1]]}', '{"steps": "a"}']
)
def test_a_damaged_calibration_is_refused(tmp_path, text):
    (tmp_path / "intervals.json").write_text(text)
    with pytest.raises(ValueError, match="not a saved calibration"):
        load_calibration(tmp_path)


@pytest.mark.parametrize("errors", [np.empty((0, 6)), np.full((3, 6), np.nan)])
def test_missing_errors_and_unknown_levels_are_refused(errors):
    with pytest.raises(ValueError, match=r"^errors: shape "):
        fit_calibration(errors, np.zeros(errors.shape, int))
    with pytest.raises(ValueError, match="percent: 95, one of 10, 20"):
        interval(LEVELS[None, None], 95)
