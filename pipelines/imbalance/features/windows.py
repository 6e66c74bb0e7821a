"""Feature matrices of forecasts from given origins, as input of regressions."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.imbalance.features.features import CHANGES, Features

__all__ = [
    "draw_origins",
    "interactions",
    "level",
    "origin_features",
    "step_features",
    "volatility_weights",
]

LAGS = (5, 10, 15, 30, 45, 60, 90, 120, 180)
"""Lags of the target in minutes before the origin."""

HOURLY = tuple(CHANGES.index(name) for name in ("unusual_hydro", "unusual_wind", "unusual_flow"))


def level(features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the level, which is the target at each origin, MW [origins, 1]."""
    return features.target[origins, None]


def origin_features(features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the features that do not depend on the step, MW [origins, columns].

    These are the level, and the differences of lags and running means from the level.
    """
    start, minutes = level(features, origins), features.clock.minutes
    lags = np.array([lag // minutes for lag in LAGS if lag % minutes == 0])
    lagged = features.target[origins[:, None] - lags]
    return np.hstack([start, lagged - start, features.means[origins] - start])


def step_features(features: Features, origins: NDArray[np.int64], step: int) -> NDArray[np.float64]:
    """Return the features of one step except the calendar, MW [origins, columns].

    These are the changes from the origin to the step, including the change of structural imbalance,
    and the target at the same minute of the last known hour, relative to the level.

    Args:
        features: Features of the table.
        origins: Row numbers of the origins.
        step: Number of the step, from 1 to the horizon.
    """
    rows, hour = origins + step, features.clock.hour
    last_hour = rows - hour * -(-step // hour)
    return np.hstack(
        [
            features.changes[rows] - features.changes[origins],
            (features.structural[origins, step] - features.structural[origins, 0])[:, None],
            features.target[last_hour, None] - level(features, origins),
        ]
    )


def interactions(features: Features, origins: NDArray[np.int64], step: int) -> NDArray[np.float64]:
    """Return features whose effect depends on the time of the day, [origins, columns].

    These are products of unusual plans with the calendar's sines and cosines of the day. Further
    columns indicate whether midnight, the start of a market day, lies between origin and step. They
    are the indicator and its products with the level and the longest running mean.
    """
    rows = origins + step
    changes = (features.changes[rows] - features.changes[origins])[:, HOURLY]
    waves = features.calendar[rows][:, :4]  # sines and cosines of the day and the half day
    products = (changes[:, :, None] * waves[:, None, :]).reshape(len(origins), -1)
    start = level(features, origins)
    past_midnight = (features.date[rows] != features.date[origins])[:, None]
    after_midnight = past_midnight * np.hstack(
        [np.ones_like(start), start, features.means[origins, -1:] - start]
    )
    return np.hstack([products, after_midnight])


def volatility_weights(features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return training weights of origins with mean 1, lower after a volatile day, [origins].

    A weight is proportional to the inverse square of the mean absolute change between rows in the
    previous day. This change is clipped from below at half its median.
    """
    volatility = pd.Series(features.target).diff().abs().rolling(features.clock.day).mean()
    changes = volatility.to_numpy()[origins]
    weights = np.maximum(changes, np.median(changes) / 2) ** -2.0
    return weights / weights.mean()


def draw_origins(origins: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Draw at most the given number of origins at random, in ascending order.

    Fewer origins suffice because neighbouring windows are almost equal. Origins at regular
    distances would all lie at the same minute of the market hour.
    """
    if len(origins) <= count:
        return origins
    return np.sort(np.random.default_rng(seed).choice(origins, count, replace=False))
