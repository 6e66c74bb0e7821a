"""Headlines are read whole or refused, and written as a person reads them."""

import json

import pytest

from stages.page.columns import Column, with_unknown
from stages.page.headlines import headlines, with_tests

SHARE = Column("accuracy", ("accuracy",), ".1%", better="higher")
ERROR = Column("RMSE", ("rmse",), ".2f", "MW", "lower")
INTERVAL = Column("95 % interval", ("rmse_low", "rmse_high"), ".1f")
PROBABILITY = Column("p", ("p_value",), "p")
SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("column", "numbers", "text"),
    [
        (SHARE, {"accuracy": 0.9981}, f"99.8{SPACE}%"),
        (ERROR, {"rmse": 42.229}, "42.23"),
        (ERROR, {"rmse": -0.5}, "−0.50"),
        (ERROR, {"mae": 1.0}, "–"),
        (INTERVAL, {"rmse_low": 39.49, "rmse_high": 45.47}, "39.5 to 45.5"),
        (INTERVAL, {"rmse_low": 39.49}, "–"),
        (PROBABILITY, {"p_value": 0.372}, "0.37"),
        (PROBABILITY, {"p_value": 5.6e-20}, "6·10⁻²⁰"),
        (PROBABILITY, {"p_value": 9.7e-5}, "1·10⁻⁴"),
        (PROBABILITY, {"p_value": 0.0}, "0"),
    ],
)
def test_a_number_is_written_in_its_column_s_form(
    column: Column, numbers: dict[str, float], text: str
) -> None:
    assert column.text(numbers) == text


def test_several_seeds_are_written_as_mean_and_deviation() -> None:
    assert ERROR.spread(42.294, 0.0712) == "42.29 ± 0.071"
    assert SHARE.spread(0.9917, 0.00198) == f"99.2 ± 0.2{SPACE}%"


def test_a_difference_of_shares_is_one_of_percentage_points() -> None:
    assert SHARE.difference(0.99, 0.97) == "−2 points"
    assert ERROR.difference(44.13, 43.73) == "−0.4"
    assert ERROR.difference(1.0, 1.0 + 1e-9) == "+1e−09"


def test_less_is_better_or_worse_as_the_column_has_it_and_neither_where_it_has_none() -> None:
    assert SHARE.verdict(0.9, 0.8) == "worse"
    assert ERROR.verdict(44, 43) == "better"
    assert ERROR.verdict(44, 44) == ""
    assert INTERVAL.verdict(39, 40) == ""


def test_a_headline_that_no_column_knows_gets_one_and_a_column_without_numbers_none() -> None:
    columns = with_unknown([SHARE, ERROR], [{"rmse": 1.0}, {"rmse": 2.0, "energy_score": 12345.6}])
    assert [column.title for column in columns] == ["RMSE", "energy score"]
    assert columns[1].text({"energy_score": 12345.6}) == "1.235e+04"


def test_headlines_are_those_of_the_file() -> None:
    seeds = {"count": 3, "mean": {"rmse": 1.5}, "deviation": {"rmse": 0.1}}
    found = headlines(json.dumps({"test": {"rmse": 1.4, "modes": 1000}, "seeds": seeds}))
    assert found.test == {"rmse": 1.4, "modes": 1000}
    assert (found.trainings, found.mean, found.deviation) == (3, {"rmse": 1.5}, {"rmse": 0.1})
    assert headlines('{"test": {}}').trainings == 1


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '{"test": 1}', '{"test": {"rmse": "1"}}', '{"test": {"rmse": {"a": 1}}}'),
        *('{"test": {"rmse": true}}', '{"test": {}, "seeds": 3}', '{"test": {}, "seeds": {}}'),
    ],
)
def test_a_file_without_headlines_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^holds no headlines$"):
        headlines(text)


def test_what_tests_a_variant_comes_to_its_headlines() -> None:
    numbers = {name: headlines('{"test": {"rmse": 1}}') for name in ("ridge", "lstm")}
    both = with_tests(numbers, '{"lstm": {"p_value_against_ridge": 0.5}, "gone": {"a": 1}}')
    assert {name: found.test for name, found in both.items()} == {
        "ridge": {"rmse": 1},
        "lstm": {"rmse": 1, "p_value_against_ridge": 0.5},
    }
    with pytest.raises(ValueError, match=r"^holds no tests$"):
        with_tests(numbers, '{"lstm": {"p_value_against_ridge": null}}')
