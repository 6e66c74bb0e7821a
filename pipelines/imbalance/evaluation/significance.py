"""Significance of differences between forecasters with autocorrelated errors."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["DieboldMariano", "block_bootstrap", "compare_with", "diebold_mariano"]


@dataclass(frozen=True)
class DieboldMariano:
    """Result of a test of equal accuracy of two forecasters (Diebold and Mariano, 1995).

    Attributes:
        difference: Mean loss of the first forecaster minus that of the second. It is negative if
            the first is better.
        statistic: Difference divided by its standard error; standard normal under equal accuracy.
        p_value: Two-sided p-value.
    """

    difference: float
    statistic: float
    p_value: float


def diebold_mariano(
    losses: NDArray[np.float64], others: NDArray[np.float64], horizon: int
) -> DieboldMariano:
    """Test whether the mean losses of two forecasters differ.

    The variance accounts for autocorrelated losses (Newey and West, 1987), because forecasts from
    origins less than a horizon apart share measurements. The Bartlett weights cover two horizons,
    or the usual rule 4 (n / 100)^(2/9) if it is larger. The statistic has the small-sample
    correction of Harvey, Leybourne and Newbold (1997).

    Args:
        losses: Losses of the first forecaster at consecutive origins [n].
        others: Losses of the second forecaster [n].
        horizon: Number of steps of a forecast.

    Raises:
        ValueError: If the lengths differ or are not more than two horizons.
    """
    if losses.shape != others.shape or losses.ndim != 1 or len(losses) <= 2 * horizon:
        raise ValueError(
            f"losses, others: shapes {losses.shape} and {others.shape}, equal lengths of more than "
            f"{2 * horizon} expected"
        )
    differences = losses - others
    mean, count = float(differences.mean()), len(differences)
    bandwidth = max(2 * horizon, math.floor(4 * (count / 100) ** (2 / 9)))
    centred = differences - mean
    variance = float(centred @ centred) / count
    for lag in range(1, min(bandwidth, count - 1) + 1):
        weight = 1 - lag / (bandwidth + 1)
        variance += 2 * weight * float(centred[lag:] @ centred[:-lag]) / count
    if variance <= 0:
        return DieboldMariano(mean, 0.0, 1.0)
    correction = math.sqrt((count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count)
    statistic = correction * mean / math.sqrt(variance / count)
    return DieboldMariano(mean, statistic, math.erfc(abs(statistic) / math.sqrt(2)))


def compare_with(
    baseline: str, losses: Mapping[str, "pd.Series[float]"], horizon: int
) -> dict[str, DieboldMariano]:
    """Test each forecaster against a baseline.

    Args:
        baseline: Name of the baseline.
        losses: Losses of each forecaster by name, indexed by origin.
        horizon: Number of steps of a forecast.

    Returns:
        The result for each forecaster except the baseline, by name in alphabetical order.

    Raises:
        ValueError: If forecasters have different origins, or there are too few origins.
    """
    tests = {}
    for name in sorted(losses.keys() - {baseline}):
        if not losses[name].index.equals(losses[baseline].index):
            raise ValueError(f"{name} and {baseline} have forecasts from different origins")
        pair = (losses[key].to_numpy() for key in (name, baseline))
        tests[name] = diebold_mariano(*pair, horizon)
    return tests


def block_bootstrap(
    losses: NDArray[np.float64],
    others: NDArray[np.float64],
    block: int,
    *,
    seed: int,
    samples: int = 2000,
    confidence: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Return confidence intervals of the root mean squared error and of the skill score.

    The circular block bootstrap (Politis and Romano, 1992) draws blocks of consecutive origins, to
    preserve autocorrelation.

    Args:
        losses: Mean squared errors at consecutive origins in MW² [n].
        others: Mean squared errors of the baseline of the skill score in MW² [n].
        block: Number of origins in a block, such as one day.
        seed: Seed of the draws.
        samples: Number of bootstrap samples.
        confidence: Confidence level of the intervals.

    Returns:
        Lower and upper bound of "rmse" (MW) and of "skill".

    Raises:
        ValueError: If the lengths differ or are 0, or the block is not from 1 to their length.
    """
    count = len(losses)
    if len(others) != count or not 1 <= block <= count:
        raise ValueError(
            f"losses, others, block: {count}, {len(others)} and {block}, equal lengths and a block "
            "from 1 to that length expected"
        )
    blocks = -(-count // block)
    starts = np.random.default_rng(seed).integers(count, size=(samples, blocks))
    means = []
    for series in (losses, others):
        sums = np.concatenate([[0.0], np.concatenate([series, series[:block]]).cumsum()])
        means.append((sums[starts + block] - sums[starts]).mean(axis=1) / block)
    rmse, baseline_rmse = np.sqrt(means)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    return {
        name: (float(low), float(high))
        for name, (low, high) in {
            "rmse": np.quantile(rmse, tails),
            "skill": np.quantile(1 - rmse / baseline_rmse, tails),
        }.items()
    }
