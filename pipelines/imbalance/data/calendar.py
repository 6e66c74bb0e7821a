"""Features of the local Norwegian calendar for rows with UTC times."""

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["CALENDAR", "calendar_features", "local_time"]

ZONE = "Europe/Oslo"

CALENDAR = (
    "hour_sine",
    "hour_cosine",
    "half_day_sine",
    "half_day_cosine",
    "weekday_sine",
    "weekday_cosine",
    "season_sine",
    "season_cosine",
    "holiday",
)
"""Names of the columns of `calendar_features`."""


def local_time(times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Convert UTC times to Norwegian local time, both without a time zone.

    Example:
        >>> local_time(pd.DatetimeIndex(["2021-03-28 00:55", "2021-03-28 01:00"])).hour.tolist()
        [1, 3]
    """
    return times.tz_localize("UTC").tz_convert(ZONE).tz_localize(None)


def calendar_features(times: pd.DatetimeIndex) -> NDArray[np.float64]:
    """Return the columns of `CALENDAR`, from -1 to 1, [rows, 9].

    Hours and weekdays are in Norwegian local time. The season has a period of one mean year.
    Holidays are the public holidays of Norway.

    Args:
        times: UTC times without a time zone.
    """
    local = local_time(times)
    day = ((local - local.normalize()) / pd.Timedelta(days=1)).to_numpy()
    week = (local.day_of_week.to_numpy() + day) / 7
    year = ((local - pd.Timestamp(2000, 1, 1)) / pd.Timedelta(days=365.2425)).to_numpy()
    waves = [
        wave(2 * np.pi * cycle) for cycle in (day, 2 * day, week, year) for wave in (np.sin, np.cos)
    ]
    return np.column_stack([*waves, _is_holiday(local)])


def _is_holiday(local: pd.DatetimeIndex) -> NDArray[np.bool_]:
    import holidays

    calendar = holidays.country_holidays("NO", years=range(local[0].year, local[-1].year + 1))
    days: list[date] = [day for day in calendar]
    return local.normalize().isin(pd.DatetimeIndex(days))
