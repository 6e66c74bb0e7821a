"""Which variant is better, is decided in one place, and decided rightly."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.params import Params, load_params
from stages.ranking import RANKINGS, winner

PARAMS = load_params()


def test_every_pipeline_has_a_ranking() -> None:
    assert set(RANKINGS) == set(PARAMS.variants)


def test_a_higher_bound_of_the_accuracy_and_a_lower_error_win() -> None:
    figures = {"default": {"accuracy_low": 0.5}, "reference": {"accuracy_low": 0.99}}
    assert winner("figures", figures, PARAMS) == "reference"
    digits = {"ae": {"frechet_distance": 0.5}, "vae": {"frechet_distance": 0.99}}
    assert winner("digits", digits, PARAMS) == "ae"
    imbalance = {"ridge": {"rmse": 50.0}, "lstm": {"rmse": 49.0}}
    assert winner("imbalance", imbalance, PARAMS) == "lstm"


def test_an_autoencoder_that_was_not_shown_every_digit_wins_only_among_its_like() -> None:
    metrics = {"ae_missing": {"frechet_distance": 0.1}, "vae": {"frechet_distance": 0.2}}
    assert winner("digits", metrics, PARAMS) == "vae"
    alone = {"ae_missing": {"frechet_distance": 0.1}, "vae_missing": {"frechet_distance": 0.05}}
    assert winner("digits", alone, PARAMS) == "vae_missing"


def test_a_network_of_stacks_is_not_compared_with_those_of_single_digits() -> None:
    document = PARAMS.model_dump()
    autoencoders = document["digits"]["autoencoders"]
    autoencoders["stacks"] = copy.deepcopy(autoencoders["vae"])
    autoencoders["stacks"]["architecture"]["channels"] = 3
    metrics = {"stacks": {"frechet_distance": 0.1}, "vae": {"frechet_distance": 0.2}}
    assert winner("digits", metrics, Params.model_validate(document)) == "vae"


def test_equals_are_told_apart_by_the_second_metric_and_complete_equals_by_order() -> None:
    metrics = {
        "demo_1": {"accuracy_low": 0.9, "cross_entropy": 0.2},
        "demo_2": {"accuracy_low": 0.9, "cross_entropy": 0.1},
        "default": {"accuracy_low": 0.9, "cross_entropy": 0.1},
        "extremes": {"accuracy_low": 0.9},
    }
    assert winner("figures", metrics, PARAMS) == "demo_2"


def test_a_variant_without_the_metric_is_passed_over_and_nobody_cannot_win() -> None:
    assert winner("imbalance", {"ridge": {}, "lstm": {"rmse": 9.0}}, PARAMS) == "lstm"
    with pytest.raises(ValueError, match="no variant of imbalance has rmse"):
        winner("imbalance", {"ridge": {}}, PARAMS)


@given(st.dictionaries(st.sampled_from("abcdefg"), st.floats(0, 100), min_size=1))
def test_nobody_is_better_than_the_winner(errors: dict[str, float]) -> None:
    metrics = {name: {"rmse": error} for name, error in errors.items()}
    best = winner("imbalance", metrics, PARAMS)
    assert errors[best] == min(errors.values())
