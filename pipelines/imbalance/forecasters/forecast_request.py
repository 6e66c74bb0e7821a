"""A single forecast from recent rows and the plans of the next two hours."""

import pandas as pd

from pipelines.imbalance.data.resolution import HORIZON, at_resolution
from pipelines.imbalance.data.schema import COLUMNS, STEP, TIME, TableError, check_table
from pipelines.imbalance.features.features import HISTORY
from pipelines.imbalance.forecasters.forecast_table import forecast_rows
from pipelines.imbalance.forecasters.intervals import track_quantiles
from pipelines.imbalance.forecasters.trained_forecaster import TrainedForecaster, hours_ahead

__all__ = ["ROWS_AHEAD", "forecast_ahead"]

ROWS_AHEAD = int(HORIZON / STEP)
"""Number of rows of plans in a request after the last measured row."""

PLANS = tuple(name for name in COLUMNS if name != "y")


def forecast_ahead(trained: TrainedForecaster, request: pd.DataFrame) -> pd.DataFrame:
    """Forecast the two hours after the last measured imbalance.

    Args:
        trained: The trained model.
        request: Rows of five minutes without gaps, with the columns `start_time` (ISO 8601, UTC
            unless it has an offset) and `schema.COLUMNS`. The measured rows come first, at least
            one week and three hours. The 24 rows of the next two hours follow, with y missing. With
            two further weeks of measured rows, the intervals adapt to recent errors as in a
            backtest.

    Returns:
        One row per step; see `forecast_table.forecast_rows`.

    Raises:
        TableError: If rows, columns or values are missing, unexpected, or violate `schema`. The
            message names column and rows.
    """
    rows = _parse_request(request)
    last_time = rows["y"].last_valid_index()
    if last_time is None:
        raise TableError("y: no value in any row, those up to now expected")
    recent, plans = rows[:last_time], rows[last_time:].iloc[1:].drop(columns="y")
    if len(plans) != ROWS_AHEAD:
        raise TableError(
            f"plans: {len(plans)} rows after the last y, of {last_time}; the {ROWS_AHEAD} of the "
            "next two hours expected, their y missing"
        )
    check_table(recent, source="recent rows")
    check_table(plans, columns=PLANS, source="plans")
    now = last_time + STEP
    if plans.index[0] != now:
        raise TableError(f"plans: from {plans.index[0]} on, from {now} on expected")
    length = pd.Timedelta(minutes=trained.minutes)
    if now != now.floor(length):
        raise TableError(
            f"y: the last one at {last_time}, one that ends a row of {trained.minutes} minutes "
            "expected"
        )
    table = at_resolution(rows, trained.minutes)
    if table.index[-1] + length - table.index[0] < HISTORY + HORIZON + length:
        raise TableError(f"recent rows: {len(recent):,}, from {now - HISTORY - length} on expected")
    features = trained.features(table)
    origins = features.origins  # the intervals adapt to the errors of earlier origins
    forecast = trained.forecasts(features, origins).mean(axis=0)
    quantiles = track_quantiles(
        trained.calibration, forecast, features.truth(origins), hours_ahead(features, origins)
    )
    times = features.times.to_numpy()[features.ahead(origins[-1:])]
    return forecast_rows(features.times[origins[-1:]], times, forecast[-1:], quantiles[-1:])


def _parse_request(request: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a request with their times as index and their columns in order.

    Raises:
        TableError: If a column is missing or unexpected, a time cannot be parsed, or times are not
            ascending.
    """
    expected = (TIME, *COLUMNS)
    for fault, names in (
        ("missing", [name for name in expected if name not in request]),
        ("unexpected", [name for name in request if name not in expected]),
    ):
        if names:
            raise TableError(f"{fault} columns {', '.join(names)}; {', '.join(expected)} expected")
    times = pd.to_datetime(request[TIME], errors="coerce", utc=True, format="ISO8601")
    if times.isna().any():
        raise TableError(f"{TIME}: {request[TIME][times.isna()].iloc[0]!r} is not a time")
    index = pd.DatetimeIndex(times.dt.tz_localize(None).astype("datetime64[us]"), name=TIME)
    if not index.is_monotonic_increasing:
        raise TableError(f"{TIME}: rows are not in ascending order")
    return request[[*COLUMNS]].astype("float64").set_index(index)
