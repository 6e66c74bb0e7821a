"""params.yaml is refused with one line that names the parameter, the value, what is accepted."""

from pathlib import Path

import pytest

from stages.layout import PARAMS
from stages.params import ParamsError, load_params
from stages.seed import stage_seed


def refused(tmp_path: Path, text: str) -> str:
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParamsError) as caught:
        load_params(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("params.yaml: ")
    return line


def edited(old: str, new: str) -> str:
    text = PARAMS.read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new, 1)


def test_the_projects_own_parameters_are_accepted() -> None:
    params = load_params()
    assert {"default", "demo_1", "demo_2", "demo_3", "overfitting", "extremes", "reference"} <= set(
        params.figures.networks
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed: 42", "sead: 42", ["sead: unknown parameter", "seed"]),
        ("seed: 42", "seed: -1", ["seed = -1", "greater than or equal to 0"]),
        ("seed: 42", "seed: 4.5", ["seed = 4.5", "integer"]),
        ("device: auto", "device: tpu", ["device = 'tpu'", "'auto', 'cpu', 'cuda' or 'mps'"]),
        ("count: 715", "count: 7l5", ["datasets.off_centre.count = '7l5'", "integer"]),
        ("count: 715", "count: true", ["datasets.off_centre.count = True", "integer"]),
        ("noise: 0.1", "noise: 1.5", ["off_centre.noise = 1.5", "less than or equal to 1"]),
        ("noise: 0.1", "noise: .nan", ["off_centre.noise = nan", "finite number"]),
        ("train: 0.7", "train: 0.8", ["off_centre.split", "sum to 1, not 1.1"]),
        (
            "0.3, test: 0.1}",
            "0.39, test: 0.01}",
            ["datasets.tiny", "0.01 of 50 figures leaves none"],
        ),
        ("width: 20", "width: 0", ["demo_1.layers.0.width = 0", "greater than or equal to 1"]),
        ("activation: tanh", "activation: tanj", ["layers.1.activation = 'tanj'", "'tanh'"]),
        ("dataset: tiny", "dataset: huge", ["extremes.dataset = 'huge'", "off_centre, centred"]),
        ("count: 60000, size: 30", "count: 1000000, size: 200", ["datasets.large", "2 GiB"]),
        (
            "loss: categorical_cross_entropy",
            "loss: binary_cross_entropy",
            ["overfitting", "'categorical_cross_entropy'"],
        ),
        ("[100, 0.1,", "[100,", ["extremes", "5 entries for 6 weight layers"]),
        (
            "initialization: he",
            "initialization: -2",
            ["= -2", "'glorot' or 'he'", "greater than 0"],
        ),
        ("name: adam", "name: adagrad", ["reference.optimizer", "'sgd', 'adam'"]),
        ("name: adam,", "name: adam, momentum: 0,", ["optimizer.momentum: unknown parameter"]),
        ("    reference:", "    best@all:", ["best@all", "small letters, digits and underscores"]),
        ("      output: sigmoid\n", "", ["figures.networks.default.output: missing"]),
        ("  networks:", "  nets:", ["figures.nets: unknown parameter; known here: datasets"]),
        ("digits:\n", "digits:\n  - 1\nrest:\n", ["(and", "rest: unknown parameter"]),
    ],
)
def test_an_impossible_value_is_named_with_what_is_accepted(
    tmp_path: Path, old: str, new: str, said: list[str]
) -> None:
    line = refused(tmp_path, edited(old, new))
    for words in said:
        assert words in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a mapping"),
        ("- 1\n- 2\n", "a mapping"),
        ("seed: 1\nseed: 2\n", 'line 2: found duplicate key "seed"'),
        ("seed: [1\n", "line 2"),
        ("seed: \x00\n", "not YAML"),
        ("a: *nowhere\n", "undefined alias"),
    ],
)
def test_text_that_is_no_parameter_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="there is no such file"):
        load_params(tmp_path / "params.yaml")


def test_numbers_are_read_as_dvc_reads_them(tmp_path: Path) -> None:
    # YAML 1.1 would read 1e-3 as a word; `dvc exp run -S` writes it so.
    path = tmp_path / "params.yaml"
    path.write_text(edited("learning_rate: 0.001", "learning_rate: 1e-3"))
    assert load_params(path).figures.networks["reference"].optimizer.learning_rate == 0.001


def test_every_stage_has_a_seed_of_its_own() -> None:
    seeds = {
        stage_seed(seed, stage)
        for seed in (1, 2)
        for stage in ("figures-train@a", "figures-train@b")
    }
    assert len(seeds) == 4
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert stage_seed(1, "figures-train@a") == stage_seed(1, "figures-train@a")
