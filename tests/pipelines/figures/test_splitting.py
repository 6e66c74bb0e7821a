"""Splits are disjoint and complete, their sizes as near to their shares as can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.figures import split_indices


@given(
    count=st.integers(20, 500),
    weights=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_split_is_disjoint_complete_and_within_one_of_every_share(count, weights, seed):
    fractions = [weight / sum(weights) for weight in weights]
    parts = split_indices(count, fractions, np.random.default_rng(seed))
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))
    for part, fraction in zip(parts, fractions, strict=True):
        assert abs(len(part) - fraction * count) < 1


def test_equal_remainders_favour_the_earlier_part():
    # The shares of 715 are 500.5, 143 and 71.5.
    parts = split_indices(715, (0.7, 0.2, 0.1), np.random.default_rng(0))
    assert [len(part) for part in parts] == [501, 143, 71]


def test_a_split_depends_on_the_generator_alone():
    first, second, other = (
        split_indices(50, (0.6, 0.4), np.random.default_rng(s)) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first[0], second[0])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize(
    ("count", "fractions", "message"),
    [
        (100, (0.7, 0.2), "must be positive and sum to 1"),
        (100, (0.7, 0.5, -0.2), "must be positive and sum to 1"),
        (100, (), "must be positive and sum to 1"),
        (100, (float("nan"), 0.5), "must be positive and sum to 1"),
        (3, (0.9, 0.05, 0.05), "must leave no part empty"),
        (0, (0.5, 0.5), "must leave no part empty"),
    ],
)
def test_impossible_splits_are_refused(count, fractions, message):
    with pytest.raises(ValueError, match=message):
        split_indices(count, fractions, np.random.default_rng(0))
