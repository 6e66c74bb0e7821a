"""Fixtures: tables for tests."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.data.schema import COLUMNS
from pipelines.imbalance.data.table import read_tables

REAL_FILE = Path(__file__).parents[4] / "shared" / "no1" / "no1_validation.csv"


@pytest.fixture
def table() -> pd.DataFrame:
    """A table of three hours in which all numbers are different."""
    times = pd.date_range("2021-03-27 22:30", periods=36, freq="5min", name="start_time")
    values = np.arange(36)[:, None] + np.arange(1, 10) * 100.125
    return pd.DataFrame(values, times, list(COLUMNS))


@pytest.fixture(scope="session")
def real_table() -> pd.DataFrame:
    """The area NO1 from March to June 2021, if the file is available."""
    if not REAL_FILE.exists():
        pytest.skip(f"the real data are not part of this repository: no {REAL_FILE}")
    return read_tables([REAL_FILE])[0]
