"""Outliers are counted by the limits of the training part."""

import pandas as pd

from pipelines.imbalance.data.splitting import Split
from pipelines.imbalance.features.limits import Limits, outlier_counts


def test_outliers_lie_beyond_a_limit():
    parts = [pd.DataFrame({"y": y}) for y in ([-3.0, 0.0, 2.0], [1.0, 9.0], [-2.0])]
    assert outlier_counts(Split(*parts), Limits(-2.0, 2.0)) == {
        "rows": {"train": 3, "validation": 2, "test": 1},
        "outliers": {"train": 1, "validation": 1, "test": 0},
        "limits": {"low": -2.0, "high": 2.0},
    }
