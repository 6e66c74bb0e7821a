"""The imbalance section of params.yaml is refused with one line that names what is accepted."""

from pathlib import Path

import pytest

from stages.layout import PARAMS
from stages.params import ParamsError, load_params

BY_FRACTIONS = "split: {by: fractions, train: 0.7, validation: 0.15, test: 0.15}"
BY_TIMES = 'split: {by: times, validation_start: "2021-01-01", test_start: "2021-05-01"}'


def edited(tmp_path: Path, old: str, new: str) -> Path:
    before, mark, section = PARAMS.read_text(encoding="utf-8").partition("\nimbalance:\n")
    assert old in section
    path = tmp_path / "params.yaml"
    path.write_text(f"{before}{mark}{section.replace(old, new, 1)}", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("source: simulated", "source: guessed", ["source = 'guessed'", "'simulated' or 'csv'"]),
        ("days: 800", "days: 3", ["simulation.days = 3", "greater than or equal to 20"]),
        ("resolution: 5", "resolution: 10", ["resolution = 10", "5 or 15"]),
        ("train: 0.7,", "train: 0.8,", ["imbalance.split", "sum to 1, not 1.1"]),
        ("by: fractions", "by: luck", ["imbalance.split", "'fractions', 'times'"]),
        (BY_FRACTIONS, BY_TIMES.replace(', test_start: "2021-05-01"', ""), ["test_start: missing"]),
        (BY_FRACTIONS, BY_TIMES.replace('"', ""), ["split.validation_start", "string"]),
        ("kind: ridge", "kind: oracle", ["variants.ridge", "'oracle'", "'gradient_boosting'"]),
        ("target: y\n", "target: x\n", ["lstm.target = 'x'", "'y' or 'altered'"]),
        ("networks: 3", "networks: 0", ["lstm.networks = 0", "greater than or equal to 1"]),
        ("dropout: 0.5", "dropout: 1", ["lstm.dropout = 1", "less than 1"]),
        ("early_stopping: 6", "early_stopping: 0", ["lstm.early_stopping = 0"]),
        ("features_per_split: 0.3", "features_per_split: 0", ["features_per_split = 0"]),
        ("kind: persistence\n", "kind: persistence\n      penalty: 1\n", ["penalty: unknown"]),
        ("    ridge:\n", "    series:\n", ["variants.series", "another name than series"]),
        ("reference: ridge", "reference: nobody", ["reference = 'nobody'", "persistence, "]),
    ],
)
def test_an_impossible_value_is_named_with_what_is_accepted(
    tmp_path: Path, old: str, new: str, said: list[str]
) -> None:
    with pytest.raises(ParamsError) as caught:
        load_params(edited(tmp_path, old, new))
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("params.yaml: imbalance")
    for words in said:
        assert words in line


def test_a_split_by_times_is_accepted(tmp_path: Path) -> None:
    split = load_params(edited(tmp_path, BY_FRACTIONS, BY_TIMES)).imbalance.split
    assert split.by == "times"
    assert split.validation_start == "2021-01-01"
