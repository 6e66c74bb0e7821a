"""One forecast on request: from recent rows and the plans of the next two hours."""

import pandas as pd

from pipelines.imbalance.data.resolution import HORIZON, at_resolution
from pipelines.imbalance.data.schema import COLUMNS, STEP, TIME, TableError, check_table
from pipelines.imbalance.features.features import HISTORY
from pipelines.imbalance.forecasters.forecast_table import forecast_rows
from pipelines.imbalance.forecasters.intervals import track_quantiles
from pipelines.imbalance.forecasters.trained_forecaster import TrainedForecaster, hours_ahead

__all__ = ["ROWS_AHEAD", "forecast_ahead"]

ROWS_AHEAD = int(HORIZON / STEP)
"""Rows of plans that a request holds after the last measured one."""

PLANS = tuple(name for name in COLUMNS if name != "y")


def forecast_ahead(trained: TrainedForecaster, request: pd.DataFrame) -> pd.DataFrame:
    """Forecast the two hours after the last measured imbalance.

    Args:
        trained: What forecasts.
        request: Rows of five minutes without a gap: `start_time` (ISO 8601, UTC unless it has an
            offset) and the columns of `schema.COLUMNS`. First those up to now, a week and three
            hours at least; then the 24 of the next two hours, whose y is missing. With two weeks
            more, the intervals have had time to follow the errors of late, as in a backtest.

    Returns:
        A row a step; see `forecast_table.forecast_rows`.

    Raises:
        TableError: Naming column and rows where rows or values are missing, surplus, or not what
            `schema` expects of them.
    """
    rows = _on_the_clock(request)
    known = rows["y"].last_valid_index()
    if known is None:
        raise TableError("y: no value in any row, those up to now expected")
    recent, plans = rows[:known], rows[known:].iloc[1:].drop(columns="y")
    if len(plans) != ROWS_AHEAD:
        raise TableError(
            f"plans: {len(plans)} rows after the last y, of {known}; the {ROWS_AHEAD} of the next "
            "two hours expected, their y missing"
        )
    check_table(recent, source="recent rows")
    check_table(plans, columns=PLANS, source="plans")
    if plans.index[0] != known + STEP:
        raise TableError(f"plans: from {plans.index[0]} on, from {known + STEP} on expected")
    length = pd.Timedelta(minutes=trained.minutes)
    if (known + STEP) != (known + STEP).floor(length):
        raise TableError(
            f"y: the last one of {known}, one that ends a row of {trained.minutes} minutes expected"
        )
    table = at_resolution(rows, trained.minutes)
    least = HISTORY + HORIZON + length
    if table.index[-1] + length - table.index[0] < least:
        raise TableError(
            f"recent rows: {len(recent):,}, from {known + STEP - HISTORY - length} on expected"
        )
    features = trained.features(table)
    origins = features.origins  # the earlier ones for their errors, which intervals follow
    forecast = trained.forecasts(features, origins).mean(axis=0)
    quantiles = track_quantiles(
        trained.calibration, forecast, features.truth(origins), hours_ahead(features, origins)
    )
    times = features.times.to_numpy()[features.ahead(origins[-1:])]
    return forecast_rows(features.times[origins[-1:]], times, forecast[-1:], quantiles[-1:])


def _on_the_clock(request: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a request with their times as index, and their columns in order.

    Raises:
        TableError: If a column is missing or surplus, a time cannot be read, or times do not
            ascend.
    """
    expected = (TIME, *COLUMNS)
    for word, names in (
        ("missing", [name for name in expected if name not in request]),
        ("surplus", [name for name in request if name not in expected]),
    ):
        if names:
            raise TableError(f"{word} columns {', '.join(names)}; {', '.join(expected)} expected")
    times = pd.to_datetime(request[TIME], errors="coerce", utc=True, format="ISO8601")
    if times.isna().any():
        raise TableError(f"{TIME}: {request[TIME][times.isna()].iloc[0]!r} is no time")
    index = pd.DatetimeIndex(times.dt.tz_localize(None).astype("datetime64[us]"), name=TIME)
    if not index.is_monotonic_increasing:
        raise TableError(f"{TIME}: rows not in order, ascending ones expected")
    return request[[*COLUMNS]].astype("float64").set_index(index)
