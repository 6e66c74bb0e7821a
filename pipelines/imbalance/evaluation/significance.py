"""Significance of a difference between forecasters, whose errors correlate over hours."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["DieboldMariano", "block_bootstrap", "compare_with", "diebold_mariano"]


@dataclass(frozen=True)
class DieboldMariano:
    """The test of Diebold and Mariano (1995) that two forecasters are equally good.

    Attributes:
        difference: Mean loss of the first less that of the second; negative: the first is better.
        statistic: The difference over its standard error, standard normal if they are equal.
        p_value: Two-sided.
    """

    difference: float
    statistic: float
    p_value: float


def diebold_mariano(
    losses: NDArray[np.float64], others: NDArray[np.float64], horizon: int
) -> DieboldMariano:
    """Test whether the losses of two forecasters differ.

    The variance allows for losses that hang together (Newey and West, 1987): forecasts of origins
    less than a horizon apart share measurements, so the Bartlett weights reach over two horizons,
    or as far as is usual for so many losses if that is more. The statistic has the correction of
    Harvey, Leybourne and Newbold (1997).

    Args:
        losses: Of origins that follow each other, [n].
        others: Of the other forecaster, [n].
        horizon: Steps of a forecast.

    Raises:
        ValueError: If the lengths differ, or are not more than two horizons.
    """
    if losses.shape != others.shape or losses.ndim != 1 or len(losses) <= 2 * horizon:
        raise ValueError(
            f"losses, others: shapes {losses.shape} and {others.shape}, equal lengths of more than "
            f"{2 * horizon} expected"
        )
    differences = losses - others
    mean, count = float(differences.mean()), len(differences)
    reach = max(2 * horizon, math.floor(4 * (count / 100) ** (2 / 9)))
    centred = differences - mean
    variance = float(centred @ centred) / count
    for lag in range(1, min(reach, count - 1) + 1):
        weight = 1 - lag / (reach + 1)
        variance += 2 * weight * float(centred[lag:] @ centred[:-lag]) / count
    if variance <= 0:
        return DieboldMariano(mean, 0.0, 1.0)
    correction = math.sqrt((count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count)
    statistic = correction * mean / math.sqrt(variance / count)
    return DieboldMariano(mean, statistic, math.erfc(abs(statistic) / math.sqrt(2)))


def compare_with(
    baseline: str, losses: Mapping[str, "pd.Series[float]"], horizon: int
) -> dict[str, DieboldMariano]:
    """Test every forecaster but the baseline against it.

    Args:
        baseline: Name of the forecaster that the others are compared with.
        losses: Losses of each forecaster, by name, indexed by origin.
        horizon: Steps of a forecast.

    Returns:
        The test of each of the others, by name, in alphabetical order.

    Raises:
        ValueError: If two have forecasts from different origins, or there are too few.
    """
    tests = {}
    for name in sorted(losses.keys() - {baseline}):
        if not losses[name].index.equals(losses[baseline].index):
            raise ValueError(f"{name} and {baseline} have forecasts from different origins")
        pair = (losses[each].to_numpy() for each in (name, baseline))
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
    """Return confidence intervals of a root mean squared error and of its skill score.

    Circular block bootstrap (Politis and Romano, 1992): whole blocks of origins are drawn, so that
    what hangs together stays together.

    Args:
        losses: Mean squared errors of origins that follow each other, MW² [n].
        others: The same of the forecaster that skill is measured against, [n].
        block: Origins in a block, such as a day of them.
        seed: Of the draws.
        samples: Bootstrap samples.
        confidence: Share of the samples within each interval.

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
    rmse, other = np.sqrt(means)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    return {
        name: (float(low), float(high))
        for name, (low, high) in {
            "rmse": np.quantile(rmse, tails),
            "skill": np.quantile(1 - rmse / other, tails),
        }.items()
    }
