"""What changed is told, and nothing else."""

import pytest

from stages.page.changes import ParameterChange, metric_changes, parameter_changes
from stages.page.columns import Column

COLUMNS = (
    Column("RMSE", ("rmse",), ".2f", "MW", "lower"),
    Column("95 % interval", ("rmse_low", "rmse_high"), ".1f"),
)


def test_numbers_that_differ_are_told_with_their_difference_and_whether_it_is_better() -> None:
    before = {"rmse": 44.13, "rmse_low": 41.0, "rmse_high": 47.0}
    now = before | {"rmse": 43.73, "rmse_high": 48.0}
    error, interval = metric_changes("imbalance/ridge", COLUMNS, before, now)
    assert (error.variant, error.title) == ("imbalance/ridge", "RMSE")
    assert (error.before, error.now, error.difference) == ("44.13", "43.73", "−0.4")
    assert error.verdict == "better"
    assert (interval.title, interval.difference, interval.verdict) == (
        "95 % interval, to",
        "+1",
        "",
    )


def test_the_same_numbers_are_no_change() -> None:
    numbers = {"rmse": 44.13, "rmse_low": 41.0, "rmse_high": 47.0}
    assert list(metric_changes("imbalance/ridge", COLUMNS, numbers, dict(numbers))) == []


def test_a_number_that_there_was_not_is_told_without_difference() -> None:
    (change,) = metric_changes("imbalance/ridge", COLUMNS, {}, {"rmse": 44.13})
    assert (change.before, change.now, change.difference, change.verdict) == ("–", "44.13", "", "")


def test_parameters_that_differ_are_told_by_their_full_names() -> None:
    before = "seed: 42\nfigures: {networks: {demo: {layers: [20], loss: a}, gone: {epochs: 1}}}"
    now = "# a comment\nfigures: {networks: {demo: {layers: [20, 10], loss: a, quick: true}}}\n"
    assert parameter_changes(before, now) == [
        ParameterChange("figures.networks.demo.layers", "[20]", "[20, 10]"),
        ParameterChange("figures.networks.demo.quick", "–", "true"),
        ParameterChange("seed", "42", "–"),
        ParameterChange("figures.networks.gone.epochs", "1", "–"),
    ]


def test_how_parameters_are_written_is_no_change() -> None:
    before = "layers:\n  - {width: 20, activation: relu}\nseed: 42\n"
    now = "# a comment\nseed: 42\nlayers: [{activation: relu, width: 20}]"
    assert parameter_changes(before, now) == []


@pytest.mark.parametrize("before", ["", "a: [", "a: b: c", "\x00"])
def test_parameters_without_any_before_are_all_new(before: str) -> None:
    assert parameter_changes(before, "seed: 42") == [ParameterChange("seed", "–", "42")]
