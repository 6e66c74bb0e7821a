"""Recording errors of the simulated area, with the frequency and size of the real file's."""

import numpy as np
import pandas as pd

__all__ = ["DIRTY_SHARE", "make_mistakes"]

DIRTY_SHARE = 0.67
"""Initial share of the time in which errors occur.

In the real file, the last error is two thirds through, on 5 May. The training split therefore has
errors, but the scores on the test split do not depend on a few rows.
"""

DAYS_APART = 65
"""Mean number of days between days without planned flow; equal for days with lost production."""

SPIKES_APART = 6.5
"""Mean number of days between spikes of the measured imbalance."""

SPIKE_SIZE = (800.0, 56_000.0)
SPIKE_ROWS = 6
DAY = 288
LOST_HYDRO, LOST_MICRO = 0.11, 0.17


def make_mistakes(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return a copy of a table with recording errors like those of the real file.

    The first `DIRTY_SHARE` of the rows has errors of three kinds:

    - Spikes of the imbalance of 800 to 56,000 MW for up to half an hour; 90 % are deficits.
    - Market days without planned flow: the flow is 0, and y is too high by the true flow.
    - Market days in which most of the planned production is missing, without an effect on y.

    Args:
        table: Table without errors.
        rng: Random number generator.
    """
    result = table.copy()
    rows = int(len(table) * DIRTY_SHARE)
    y = result["y"].to_numpy(copy=True)
    for start in rng.integers(rows, size=rng.poisson(rows / DAY / SPIKES_APART)):
        size = np.exp(rng.uniform(*np.log(SPIKE_SIZE)))
        length = rng.integers(1, SPIKE_ROWS + 1)
        sign = 1 if rng.random() < 0.1 else -1
        y[start : min(start + length, rows)] += (
            sign * size * rng.uniform(0.3, 1, length)[: rows - start]
        )
    result["y"] = y

    # A market day starts at midnight Central European Time, 23:00 UTC.
    days = np.flatnonzero((table.index.hour == 23) & (table.index.minute == 0))
    days = days[days + DAY <= rows]
    lost = rng.random((2, len(days))) < 1 / DAYS_APART
    for start in days[lost[0]]:
        day = table.index[start : start + DAY]
        result.loc[day, "y"] += result.loc[day, "flow"]
        result.loc[day, "flow"] = 0.0
    for start in days[lost[1] & ~lost[0]]:
        day = table.index[start : start + DAY]
        result.loc[day, ["hydro", "micro"]] *= [LOST_HYDRO, LOST_MICRO]
        kinds = ["hydro", "micro", "thermal", "wind", "river"]
        result.loc[day, "total"] = result.loc[day, kinds].sum(axis=1)
    return result
