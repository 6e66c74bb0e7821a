"""Mistakes of the simulated records, as rare and as gross as in the real file."""

import numpy as np
import pandas as pd

__all__ = ["DIRTY_SHARE", "make_mistakes"]

DIRTY_SHARE = 0.67
"""Share of the time, from the start, in which mistakes occur.

In the real file the last one is of 5 May, two thirds through it, and the four months after it have
none; so training data are dirty and a test is not decided by a few rows.
"""

DAYS_APART = 65
"""Mean days between days whose planned flow was lost; as many lose their planned production."""

SPIKES_APART = 6.5
"""Mean days between spikes of the measured imbalance."""

SPIKE_SIZE = (800.0, 56_000.0)
SPIKE_ROWS = 6
DAY = 288
LOST_HYDRO, LOST_MICRO = 0.11, 0.17


def make_mistakes(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return a table with the mistakes of real records.

    Three kinds, all in the first `DIRTY_SHARE`: single rows to half an hour of an imbalance of
    800 to 56,000 MW, nine in ten a deficit; market days whose planned flow was lost, so
    that it is 0 and missing in y as well; market days of which most planned production was lost,
    which y does not show.

    Args:
        table: Without mistakes.
        rng: Source of the randomness.
    """
    spoilt = table.copy()
    rows = int(len(table) * DIRTY_SHARE)
    y = spoilt["y"].to_numpy(copy=True)
    for start in rng.integers(rows, size=rng.poisson(rows / DAY / SPIKES_APART)):
        size = np.exp(rng.uniform(*np.log(SPIKE_SIZE)))
        length = rng.integers(1, SPIKE_ROWS + 1)
        sign = 1 if rng.random() < 0.1 else -1
        y[start : min(start + length, rows)] += (
            sign * size * rng.uniform(0.3, 1, length)[: rows - start]
        )
    spoilt["y"] = y

    # A market day begins at midnight of Central European Time, 23:00 UTC.
    days = np.flatnonzero((table.index.hour == 23) & (table.index.minute == 0))
    days = days[days + DAY <= rows]
    lost = rng.random((2, len(days))) < 1 / DAYS_APART
    for start in days[lost[0]]:
        day = table.index[start : start + DAY]
        spoilt.loc[day, "y"] += spoilt.loc[day, "flow"]
        spoilt.loc[day, "flow"] = 0.0
    for start in days[lost[1] & ~lost[0]]:
        day = table.index[start : start + DAY]
        spoilt.loc[day, ["hydro", "micro"]] *= [LOST_HYDRO, LOST_MICRO]
        kinds = ["hydro", "micro", "thermal", "wind", "river"]
        spoilt.loc[day, "total"] = spoilt.loc[day, kinds].sum(axis=1)
    return spoilt
