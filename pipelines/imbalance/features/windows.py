"""Windows: the features of forecasts from given origins, as the matrices that regressions take."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.imbalance.features.features import CHANGES, Features

__all__ = [
    "draw_origins",
    "interactions",
    "level",
    "origin_features",
    "quietness",
    "step_features",
]

LAGS = (5, 10, 15, 30, 45, 60, 90, 120, 180)
"""Minutes before the origin at which the target is looked at."""

HOURLY = tuple(CHANGES.index(name) for name in ("unusual_hydro", "unusual_wind", "unusual_flow"))


def level(features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the target at each origin, from which forecasts start, MW [origins, 1]."""
    return features.target[origins, None]


def origin_features(features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the features that do not depend on the step, MW [origins, columns].

    The level of the target at the origin, and how far its lags and running means lie from that.
    """
    start, minutes = level(features, origins), features.clock.minutes
    lags = np.array([lag // minutes for lag in LAGS if lag % minutes == 0])
    before = features.target[origins[:, None] - lags]
    return np.hstack([start, before - start, features.means[origins] - start])


def step_features(features: Features, origins: NDArray[np.int64], step: int) -> NDArray[np.float64]:
    """Return the features of one step of each forecast but the calendar, MW [origins, columns].

    The changes from the origin to the step, the change of structural imbalance, and the target at
    the same minute of the last known hour less that at the origin.

    Args:
        features: Of the table.
        origins: Rows.
        step: From 1 to the horizon.
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

    Unusual plans at each hour of the day: their products with the calendar's four waves of a day.
    And the level, where the step lies beyond the midnight at which a market day begins anew.
    """
    rows = origins + step
    changes = (features.changes[rows] - features.changes[origins])[:, HOURLY]
    waves = features.calendar[rows][:, :4]
    products = (changes[:, :, None] * waves[:, None, :]).reshape(len(origins), -1)
    start = level(features, origins)
    past_midnight = (features.date[rows] != features.date[origins])[:, None]
    beyond = past_midnight * np.hstack(
        [np.ones_like(start), start, features.means[origins, -1:] - start]
    )
    return np.hstack([products, beyond])


def quietness(features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return training weights of origins, lower after a restless day, [origins], mean 1.

    The inverse square of the mean change from row to row in the day before, which is taken for no
    less than half its median.
    """
    restless = pd.Series(features.target).diff().abs().rolling(features.clock.day).mean()
    found = restless.to_numpy()[origins]
    weights = np.maximum(found, np.median(found) / 2) ** -2.0
    return weights / weights.mean()


def draw_origins(origins: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Draw at most the given number of origins at random, in order.

    Windows that begin minutes apart tell nearly the same; at regular distances they would all begin
    at the same minute of the market hour.
    """
    if len(origins) <= count:
        return origins
    return np.sort(np.random.default_rng(seed).choice(origins, count, replace=False))
