"""Metrics have one format, one comparison and one ranking."""

import json
from pathlib import Path

import pytest

from stages.outputs.metrics import Metric, Summary, read_scores, read_summary, summarize
from stages.outputs.ranking import Ranking

SHARE = Metric("accuracy", "accuracy", ".1%", better="higher")
ERROR = Metric("rmse", "RMSE", ".2f", "MW", "lower")
NEITHER = Metric("rmse_ci_low", "from", ".1f")
P_VALUE = Metric("p_value", "p", "p", in_summary=False)
SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        (SHARE, 0.9981, f"99.8{SPACE}%"),
        (ERROR, -0.5, "−0.50"),
        (ERROR, None, "–"),
        (Metric("energy", "energy"), 12345.6, "1.235e+04"),
        (P_VALUE, 0.372, "0.37"),
        (P_VALUE, 0.001, "0.001"),
        (P_VALUE, 5.6e-20, "6·10⁻²⁰"),
        (P_VALUE, 9.7e-5, "1·10⁻⁴"),
        (P_VALUE, 0.0, "0"),
    ],
)
def test_a_value_is_formatted_as_its_metric_specifies(
    metric: Metric, value: float | None, text: str
) -> None:
    assert metric.text(value) == text


def test_std_and_change_have_two_digits_and_percentages_a_percent_sign() -> None:
    assert ERROR.text_with_std(42.294, 0.0712) == "42.29 ± 0.071"
    assert ERROR.text_with_std(1042.294, 123.4) == "1042.29 ± 123"
    assert SHARE.text_with_std(0.9917, 0.00198) == f"99.2 ± 0.2{SPACE}%"
    assert SHARE.change(0.99, 0.97) == "−2 points"
    assert ERROR.change(44.13, 43.73) == "−0.4"
    assert ERROR.change(1.0, 1.0 + 1e-9) == "+1e−09"


def test_a_change_is_better_or_worse_if_the_metric_has_a_direction() -> None:
    assert SHARE.verdict(0.9, 0.8) == "worse"
    assert ERROR.verdict(44, 43) == "better"
    assert ERROR.verdict(44, 44) == NEITHER.verdict(39, 40) == ""


def test_the_summary_contains_each_metric_that_applies() -> None:
    nested = Metric("nll", "NLL", value=lambda scores: scores.get("likelihood", {}).get("nll"))
    metrics = (SHARE, ERROR, nested, P_VALUE)
    assert summarize(metrics, {"rmse": 1.5, "p_value": 0.1}) == {"rmse": 1.5}
    assert summarize(metrics, {"likelihood": {"nll": 0.0}}) == {"nll": 0.0}


def test_the_summary_of_a_variant_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    file.write_text('{"test": {"rmse": 1.4, "modes": 1000}}')
    assert read_summary(file) == Summary({"rmse": 1.4, "modes": 1000})
    seeds = {"count": 3, "mean": {"rmse": 1.5}, "std": {"rmse": 0.1}}
    file.write_text(json.dumps({"test": {"rmse": 1.4}, "seeds": seeds}))
    assert read_summary(file) == Summary({"rmse": 1.4}, 3, {"rmse": 1.5}, {"rmse": 0.1})


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '{"test": 1}', '{"test": {"rmse": "1"}}', '{"test": {"rmse": {"a": 1}}}'),
        *('{"test": {"rmse": true}}', '{"test": {}, "seeds": 3}', '{"test": {}, "seeds": {}}'),
    ],
)
def test_a_file_without_summary_metrics_or_scores_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=r"does not contain (summary metrics|a mapping)$"):
        read_summary(tmp_path / "a.json")
    if text in ("", "{}", '{"test": 1}'):
        with pytest.raises(ValueError, match=r"a\.json does not contain (scores|a mapping)$"):
            read_scores(tmp_path / "a.json")


def test_eligible_variants_rank_first_and_the_second_metric_breaks_ties() -> None:
    ranking = Ranking(SHARE, ERROR)
    metrics = {
        "excluded": {"accuracy": 1.0, "rmse": 0.0},
        "unmeasured": {"rmse": 0.0},
        "incomplete": {"accuracy": 0.9},
        "worse": {"accuracy": 0.9, "rmse": 2.0},
        "better": {"accuracy": 0.9, "rmse": 1.0},
        "equal": {"accuracy": 0.9, "rmse": 1.0},
    }
    best, order = ranking.order(metrics, set(metrics) - {"excluded"})
    assert best == "better"
    assert order == ["better", "equal", "worse", "incomplete", "excluded", "unmeasured"]
    assert Ranking(ERROR, SHARE).order(metrics, set(metrics))[0] == "excluded"
    assert ranking.order(metrics, {"unmeasured"})[0] == "excluded"
    with pytest.raises(ValueError, match="no variant has accuracy"):
        ranking.order({"unmeasured": {"rmse": 0.0}}, set())
