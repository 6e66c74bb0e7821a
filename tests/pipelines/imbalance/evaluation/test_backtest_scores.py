"""Backtest scores match hand-computed values, and tests of difference have their nominal level."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pipelines.imbalance.evaluation.scores import aggregate_seeds, backtest_scores, crps
from pipelines.imbalance.evaluation.significance import (
    block_bootstrap,
    compare_with,
    diebold_mariano,
)
from pipelines.imbalance.forecasters.intervals import LEVELS
from pipelines.imbalance.forecasters.losses import squared_losses


@pytest.fixture
def backtest():
    """Two forecasts of three steps, around midnight between winter and spring."""
    truth = np.array([[10.0, 20.0, 30.0], [20.0, 30.0, 40.0]])
    forecast = np.array([[13.0, 20.0, 26.0], [20.0, 30.0, 40.0]])
    persistence = np.array([[0.0] * 3, [10.0] * 3])
    spread = np.linspace(-9, 9, 19)
    quantiles = forecast[:, :, None] + spread
    start = np.datetime64("2021-02-28T23:50")
    times = start + np.timedelta64(5, "m") * (np.arange(2)[:, None] + np.arange(1, 4))
    return truth, forecast, persistence, quantiles, times


def test_errors_are_those_computed_by_hand(backtest):
    scores = backtest_scores(*backtest)
    assert scores.origins == 2
    assert scores.rmse == pytest.approx(np.sqrt((9 + 16) / 6))
    assert scores.mae == pytest.approx(7 / 6)
    np.testing.assert_allclose(scores.rmse_by_step, [3 / np.sqrt(2), 0, 4 / np.sqrt(2)])
    np.testing.assert_allclose(scores.mae_by_step, [1.5, 0, 2])
    persistence = np.sqrt((100 + 400 + 900 + 100 + 400 + 900) / 6)
    assert scores.skill == pytest.approx(1 - scores.rmse / persistence)


def test_coverage_is_counted_by_step_hour_and_season(backtest):
    truth, forecast, persistence, quantiles, times = backtest
    truth = truth.copy()
    truth[0, 2] += 20
    scores = backtest_scores(truth, forecast, persistence, quantiles, times)
    assert scores.coverage[90] == pytest.approx(5 / 6)
    np.testing.assert_allclose(scores.coverage_by_step[90], [1, 1, 0.5])
    assert scores.coverage_by_hour[90][23] == 1
    assert scores.coverage_by_hour[90][0] == pytest.approx(4 / 5)
    assert np.isnan(scores.coverage_by_hour[90][12])
    np.testing.assert_allclose(scores.coverage_by_season[90][:2], [1, 4 / 5])
    metrics = scores.to_metrics()
    assert metrics["coverage_90_spring"] == pytest.approx(4 / 5)
    assert "coverage_90_summer" not in metrics
    assert metrics["rmse_step_01"] == pytest.approx(3 / np.sqrt(2))


def test_crps_of_a_normal_distribution_is_near_its_closed_form():
    """See Gneiting and Raftery (2007); without the tails, the score differs by some percent."""
    quantiles = np.broadcast_to(norm.ppf(LEVELS), (1, 7, 19))
    truth = np.linspace(-1.5, 1.5, 7)[None]
    exact = truth * (2 * norm.cdf(truth) - 1) + 2 * norm.pdf(truth) - 1 / np.sqrt(np.pi)
    np.testing.assert_allclose(crps(truth, quantiles), exact, rtol=0.06)


def test_crps_is_lowest_for_the_true_distribution():
    truth = np.random.default_rng(0).normal(size=(5000, 1))
    scores = {
        std: crps(truth, np.broadcast_to(std * norm.ppf(LEVELS), (5000, 1, 19))).mean()
        for std in (0.5, 1.0, 2.0)
    }
    assert min(scores, key=scores.get) == 1.0


def test_seeds_are_averaged_with_their_standard_deviation():
    seeds = [{"rmse": 40.0, "mae": 30.0, "skill": 0.3, "crps": 20.0, "coverage_90": 0.9}] * 2
    seeds.append(seeds[0] | {"rmse": 43.0})
    metrics = aggregate_seeds(seeds)
    assert metrics["rmse"] == pytest.approx(41)
    assert metrics["rmse_std"] == pytest.approx(np.std([40, 40, 43], ddof=1))
    assert metrics["coverage_90"] == pytest.approx(0.9)
    assert "coverage_90_std" not in metrics
    assert "rmse_std" not in aggregate_seeds(seeds[:1])


def overlapping_losses(generator, horizon=24, count=1500):
    """Losses of forecasts that share measurements: a moving mean over one horizon."""
    noise = generator.normal(size=count + horizon - 1)
    return np.convolve(noise, np.ones(horizon) / horizon, mode="valid")


def rejections(test, repeats=200) -> float:
    generator = np.random.default_rng(0)
    pairs = ([overlapping_losses(generator) for _ in range(2)] for _ in range(repeats))
    return np.mean([test(*pair) < 0.05 for pair in pairs])


def independent(losses, others):
    """The p-value of independent losses."""
    differences = losses - others
    statistic = differences.mean() / (differences.std() / np.sqrt(len(differences)))
    return 2 * norm.sf(abs(statistic))


def test_equal_forecasters_are_rejected_at_the_nominal_rate():
    assert rejections(lambda one, other: diebold_mariano(one, other, 24).p_value) < 0.12
    assert rejections(independent) > 0.4


def test_a_better_forecaster_has_a_negative_difference():
    generator = np.random.default_rng(1)
    losses, others = overlapping_losses(generator), overlapping_losses(generator) + 0.5
    result = diebold_mariano(losses, others, 24)
    assert result.difference == pytest.approx((losses - others).mean())
    assert result.statistic < -3
    assert result.p_value < 0.01
    assert diebold_mariano(others, losses, 24).statistic == pytest.approx(-result.statistic)
    assert diebold_mariano(losses, losses, 24).p_value == 1


def test_the_variance_is_that_of_newey_and_west():
    generator = np.random.default_rng(2)
    one, other = generator.normal(size=(2, 60))
    differences, bandwidth = one - other, 4
    centred = differences - differences.mean()
    covariances = [(centred[lag:] * centred[: 60 - lag]).sum() / 60 for lag in range(5)]
    weighted = [(1 - lag / (bandwidth + 1)) * covariances[lag] for lag in range(1, 5)]
    variance = covariances[0] + 2 * sum(weighted)
    correction = np.sqrt((60 + 1 - 4 + 2 / 60) / 60)
    expected = correction * differences.mean() / np.sqrt(variance / 60)
    assert diebold_mariano(one, other, 2).statistic == pytest.approx(expected)


def test_bootstrap_intervals_have_their_nominal_coverage():
    generator, covered, naive_covered = np.random.default_rng(0), [], []
    for _ in range(120):
        losses = 9 + 4 * overlapping_losses(generator, 24, 1000)
        low, high = block_bootstrap(losses, losses, 96, seed=0, samples=300)["rmse"]
        covered.append(low <= 3 <= high)
        low, high = block_bootstrap(losses, losses, 1, seed=0, samples=300)["rmse"]
        naive_covered.append(low <= 3 <= high)
    assert np.mean(covered) > 0.84
    assert np.mean(naive_covered) < 0.6


def test_bootstrapped_skill_compares_mean_losses_of_the_same_sample():
    losses = np.random.default_rng(0).exponential(size=500)
    intervals = block_bootstrap(losses, 4 * losses, 20, seed=0, samples=100)
    assert intervals["skill"] == pytest.approx((0.5, 0.5))
    assert squared_losses(np.zeros((1, 2)), np.array([[1.0, 3.0]])).tolist() == [5]


def test_invalid_forecasts_and_losses_are_refused(backtest):
    truth, forecast, *others = backtest
    with pytest.raises(ValueError, match=r"^truth, forecast, persistence, times: shapes "):
        backtest_scores(truth, forecast[:1], *others)
    gap = np.where(np.arange(6).reshape(2, 3) == 2, np.nan, truth)
    with pytest.raises(ValueError, match=r"^truth: 1 values not finite, none expected"):
        backtest_scores(gap, forecast, *others)
    with pytest.raises(ValueError, match=r"^losses, others: shapes "):
        diebold_mariano(np.ones(48), np.ones(48), 24)
    with pytest.raises(ValueError, match=r"^losses, others, block: 5, 4 and 2"):
        block_bootstrap(np.ones(5), np.ones(4), 2, seed=0)


def test_every_forecaster_is_compared_with_the_baseline():
    origins = pd.date_range("2021-03-01", periods=200, freq="5min")
    rng = np.random.default_rng(0)
    losses = {name: pd.Series(rng.random(200), origins) for name in ("ridge", "lstm", "boosting")}
    tests = compare_with("ridge", losses, 24)
    assert list(tests) == ["boosting", "lstm"]
    expected = diebold_mariano(losses["lstm"].to_numpy(), losses["ridge"].to_numpy(), 24)
    assert tests["lstm"] == expected
    with pytest.raises(ValueError, match="lstm and ridge have forecasts from different origins"):
        compare_with("ridge", losses | {"lstm": losses["lstm"][1:]}, 24)
