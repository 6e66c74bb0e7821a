"""On simulated data, the forecasters have the same ranking as on the real series.

The forecasters of y two hours ahead are persistence, structural persistence, ridge regression, and
ridge regression with trees for its residuals.
"""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipelines.imbalance.data.calendar import calendar_features
from pipelines.imbalance.features.structural import structural_in_hindsight
from pipelines.imbalance.simulator.area import simulate_table

HORIZON, LAGS = 24, (1, 2, 3, 6, 12, 24, 72, 144)
TRAIN_ROWS, ROWS = 84_000, 105_120


@pytest.fixture(scope="module")
def errors():
    """RMSE two hours ahead over the last fifth of a year."""
    table = simulate_table("2020-01-01", ROWS, np.random.default_rng(1))
    structural = structural_in_hindsight(table).clip(-400, 400)
    y = table["y"].clip(-800, 800)
    residual = y - structural
    last_residual = residual.shift(HORIZON)
    features = pd.DataFrame(
        {f"r{lag}": residual.shift(HORIZON + lag) - last_residual for lag in LAGS}
    )
    features["r"] = last_residual
    features["yesterday"] = residual.shift(288) - residual.shift(288 + HORIZON)
    features["structural"] = structural
    load = table["total"] - table["flow"]
    features["load"], features["ramp"] = load, load - load.shift(HORIZON)
    calendar = calendar_features(table.index)
    features = features.join(pd.DataFrame(calendar, table.index).add_prefix("calendar "))
    number = np.arange(ROWS)
    train = (number > 700) & (number < TRAIN_ROWS) & (number % 3 == 0)
    test = number >= TRAIN_ROWS + HORIZON
    target = residual - last_residual
    ridge = make_pipeline(StandardScaler(), Ridge(300)).fit(features[train], target[train])
    ridge_errors = target[train] - ridge.predict(features[train])
    trees = HistGradientBoostingRegressor(max_iter=100, learning_rate=0.06, max_leaf_nodes=12)
    trees.fit(features[train], ridge_errors)

    linear = ridge.predict(features[test])
    forecasts = {
        "persistence": (y.shift(HORIZON) - y)[test],
        "structural persistence": target[test],
        "ridge": target[test] - linear,
        "ridge and trees": target[test] - linear - trees.predict(features[test]),
    }
    return {name: float(np.sqrt(np.mean(error**2))) for name, error in forecasts.items()}


def test_the_ranking_and_the_size_of_errors_resemble_the_real_series(errors):
    assert errors["persistence"] > 1.03 * errors["structural persistence"]
    assert errors["structural persistence"] > 1.03 * errors["ridge"]
    assert errors["ridge"] > 1.01 * errors["ridge and trees"]
    # The file has 79 and 71 MW in its last three weeks. Here it is autumn, with a higher load.
    assert 60 < errors["persistence"] < 120
    assert 55 < errors["structural persistence"] < 110
