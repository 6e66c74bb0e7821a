"""Fixtures: a short simulated series, and every kind of forecaster fitted to it."""

import numpy as np
import pytest

from pipelines.imbalance.data.prepared import Prepared
from pipelines.imbalance.data.splitting import split_by_fractions
from pipelines.imbalance.features.features import make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.features.origins import split_origins
from pipelines.imbalance.forecasters.kinds import KINDS
from pipelines.imbalance.simulator.area import simulate_table

SMALL = {
    "gradient_boosting": {"max_iter": 3, "min_samples_leaf": 20, "windows": 50},
    "lstm": {"hidden_dim": 4, "windows": 200, "epochs": 2, "batch_size": 64, "ensemble_size": 2},
}


@pytest.fixture(scope="module")
def prepared():
    table = simulate_table("2021-03-01", 288 * 18, np.random.default_rng(5))
    return Prepared.of(split_by_fractions(table, 0.7, 0.15))


@pytest.fixture(scope="module")
def limits(prepared):
    return fit_limits(prepared.training_rows["y"].to_numpy())


@pytest.fixture(scope="module")
def features(prepared, limits):
    return make_features(prepared.table, limits, residual=True)


@pytest.fixture(scope="module")
def origins(prepared, features):
    return split_origins(prepared, features)


@pytest.fixture(scope="module")
def settings():
    """Small settings of each kind."""
    return {name: kind.settings(**SMALL.get(name, {})) for name, kind in KINDS.items()}


@pytest.fixture(scope="module")
def fitted(features, origins, settings):
    """The result of fitting each kind, by name."""
    return {
        name: kind.fit(features, origins, settings[name], seed=3, device="cpu")
        for name, kind in KINDS.items()
    }
