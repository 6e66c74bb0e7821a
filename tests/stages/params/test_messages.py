"""params.yaml is refused in one line that names the parameter, its value and what is accepted."""

import re
from pathlib import Path

import pytest

from stages.errors import ParamsError
from stages.params import load_params
from stages.paths import PARAMS

FRACTIONS = "{by: fractions, train: 0.7, validation: 0.15, test: 0.15}"
TIMES = '{by: times, validation_start: "2021-01-01", test_start: "2021-05-01"}'
IMAGE = ".*cnn: layers.1 is a convolution, .* dense layer 0 gives none: accepted is a convolution b"
FIGURES = [
    # Numbers, words and names
    ("seed: 42", "seed: -1", "seed = -1: accepted is greater than or equal to 0"),
    ("seed: 42", "seed: 4.5", "seed = 4.5: accepted is .*integer"),
    ("seed: 42", f"seed: 0x{'f' * 5000}", "seed = an integer of thousands of digits: accepted"),
    ("device: auto", "device: tpu", "device = 'tpu': accepted is 'auto', 'cpu', 'cuda' or 'mps'"),
    ("count: 715", f"count: {'x' * 99}", r"[^ ]+ = 'x{20,30}\.\.\.x{20,30}': .*integer"),
    ("noise: 0.1", "noise: .nan", "figures.datasets.off_centre.noise = nan: .*finite number"),
    ("epochs: 100", "epochs: 10000000000000", ".* epochs: accepted is at most 1,000,000,000,000"),
    ("    default:", "    best@all:", ".*best@all = 'best@all': accepted is a name of small"),
    # Missing and unknown parameters
    ("      output: sigmoid\n", "", r"figures\.\w+\.default\.output: missing"),
    ("seed: 42", "sead: 42", "sead: unknown parameter; known here: seed, device, fig.* more"),
    ("width: 20", "units: 20", ".*demo_1.layers.0.units: unknown .*; known here: width, act"),
    ("l2, rate: 0.001", "l2, rat: 0.001", ".*regularization.rat: .*; known here: name, rate"),
    ("name: adam,", "name: adam, momentum: 0,", ".*momentum: .* here: name, learning_rate$"),
    # Lists, mappings and their kinds
    ("[100, 0.1,", "[100, -1,", ".*initialization.1 = -1: accepted is 'glorot' or 'he'.* 0"),
    ("digits:\n", "digits: 3\nrest:\n", "rest: unknown parameter.* more"),
    ("name: adam", "name: adagrad", ".*optimizer = .*: accepted is a 'name' among 'sgd', 'adam'"),
    # Parameters that do not fit each other
    ("train: 0.7", "train: 0.8", ".*off_centre.split: the three shares must sum to 1, not 1.1"),
    ("0.3, test: 0.1}", "0.39, test: 0.01}", ".*tiny: a share of 0.01 of 50 figures leaves none"),
    ("60000, size: 30", "1000000, size: 200", ".*large: 1,000,000 figures .* exceed 2 GiB"),
    ("dataset: tiny", "dataset: huge", ".*dataset = 'huge': accepted is a key .* off_centre"),
    ("loss: categorical", "loss: binary", ".*overfitting: .* is 'categorical_cross_entropy'"),
    ("[100, 0.1,", "[100,", ".*extremes: initialization lists 5 entries for 6 weight layers"),
    # Layers, by their keys
    ("width: 20, ", "", ".*demo_1.layers.0.width: missing"),
    (
        "width: 20",
        "dropout: 1.0",
        ".*layers.0.activation: unknown parameter; known here: dropout .*",
    ),
    ("{width: 20, activation: relu}", "{dropout: 1.0}", ".*layers.0.dropout = 1.0: accepted is le"),
    ("kernel: 5, activation: relu", "kernel: 5, activation: softmax", ".*'softmax' is of units, n"),
    (
        "filters: 8",
        "filter: 8",
        ".*cnn.layers.0.filter: unknown .*: filters, kernel, activation, p",
    ),
    ("filters: 8", "filters: 0", ".*cnn.layers.0.filters = 0: accepted is greater than or equal"),
    ("{width: 20, activation: relu}", "20", ".*demo_1.layers.0 = 20: accepted is a mapping"),
    ("activation: tanh", "activation: sine", ".*layers.1.activation = 'sine': accepted is 'relu'"),
    ("- {filters: 8,", "- {width: 9, activation: relu}\n        - {filters: 8,", IMAGE),
    ("kernel: 5", "kernel: 31", ".*cnn.layers.0.kernel = 31: accepted is at most 30, the side of"),
    ("pool: 2", "pool: 27", ".*cnn.layers.0.pool = 27: accepted is at most 26, the side of the i"),
    # Seeds
    ("seeds: 1\n", "seeds: []\n", r".*seeds = \[\]: accepted is .*length of at least 1"),
    ("seeds: 1\n", "seeds: [7, 7]\n", r".*seeds \[7, 7\]: accepted are seeds that differ"),
    ("seeds: 1\n", "seeds: [7, -1]\n", ".*seeds.1 = -1: accepted is greater than or equal"),
]
FORMER = [
    ("figures", "  models:\n", "  networks:\n", "figures.networks: renamed, accepted is models .*"),
    ("digits", "  models:\n", "  autoencoders:\n", "digits.autoencoders: .* models .*"),
    ("digits", "held_out_digit: 8", "missing: 8", ".*ae_missing.missing: .* held_out_digit .*"),
    ("digits", "binarization: none", "pixels: float", ".*ae.pixels: .* binarization, one of dyn.*"),
    ("digits", "latent_dim: 16", "latent: 16", ".*architecture.latent: .* is latent_dim .*"),
    (
        "digits",
        "confidence_threshold: {single: 0.8, stacked: 0.5}",
        "tolerance_mono: 0.8",
        ".*evaluation.tolerance_mono: .* is confidence_threshold.single .*",
    ),
    ("imbalance", "baseline: ridge", "reference: ridge", "imbalance.reference: .* baseline .*"),
    ("imbalance", "ensemble_size: 3", "networks: 3", ".*lstm.networks: .* ensemble_size .*"),
    ("imbalance", "max_iter: 150", "trees: 150", ".*gradient_boosting.trees: .* max_iter .*"),
    ("imbalance", "      alpha: 0.2", "      penalty: 0.2", ".*ridge.penalty: .* alpha of a .*"),
    ("imbalance", "target: residual", "target: altered", ".*target = 'altered': .*'residual'"),
]
DIGITS = [
    ("in_channels: 1", "in_channels: 2", r".*architecture\.\w*channels = 2: accepted is 1 or 3"),
    ("widths: [32, 64]", "widths: []", ".*widths = .*: accepted is a length of at least 1"),
    ("widths: [32, 64]", "widths: [8, 8, 8]", ".*widths = .*: accepted is a length of at most 2"),
    ("kind: variational", "kind: diffusion", ".*vae = .*: accepted is a 'kind' among .*, not 'd"),
    ("kind: autoencoder\n      ", "", ".*ae = .*: accepted is a mapping with 'kind'"),
    ("kind: autoencoder", "kind: autoencoder\n      trees: 5", ".*ae.trees: .* here: seeds,"),
    ("importance_samples: 1", "importance_samples: 2", ".*kl_warmup 0.75: accepted is 0 where"),
    ("    ae:\n", "    verifier:\n", ".*verifier: accepted is another name than verifier"),
    ("mode_samples: 26000", "mode_samples: 9999", ".*mode_samples 9999: accepted is at least"),
]
IMBALANCE = [
    ("resolution: 5", "resolution: 10", "imbalance.resolution = 10: accepted is 5 or 15"),
    ("by: fractions", "by: luck", ".*split = .*: accepted is a 'by' among 'fractions', 'times'"),
    (FRACTIONS, TIMES.replace(", test_", ", "), ".*split.start: unknown .*: by, validation_start"),
    (FRACTIONS, TIMES.replace('"', ""), ".*split.validation_start = .*: accepted is .*string"),
    ("    ridge:\n", "    series:\n", ".*series: accepted is another name than series"),
    (": ridge\n", ": nobody\n", ".*'nobody'"),
]


def refusal(path: Path) -> str:
    """Return the line with which a file is refused, without the file's name."""
    with pytest.raises(ParamsError) as caught:
        load_params(path)
    line = str(caught.value)
    assert line.startswith("params.yaml: ")
    assert "\n" not in line
    return line.removeprefix("params.yaml: ")


@pytest.mark.parametrize(
    ("section", "old", "new", "line"),
    [
        *FORMER,
        *(("seed", *case) for case in FIGURES),
        *(("digits", *case) for case in DIGITS),
        *(("imbalance", *case) for case in IMBALANCE),
    ],
)
def test_an_impossible_parameter_is_named_with_what_is_accepted(
    tmp_path: Path, section: str, old: str, new: str, line: str
) -> None:
    text = PARAMS.read_text(encoding="utf-8")
    start = text.index(f"\n{section}:")
    assert old in text[start:]
    path = tmp_path / "params.yaml"
    path.write_text(text[:start] + text[start:].replace(old, new, 1), encoding="utf-8")
    assert re.match(line, refusal(path))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"- 1\n- 2\n", r"the file = \[1, 2\]: accepted is a mapping"),
        (b"seed: 1\nseed: 2\n", 'line 2: found duplicate key "seed"'),
        (b"seed: \x00\n", "not YAML: "),
        (b"seed: !!bool maybe\n", "not YAML: "),
        (b"seed: \xff\n", "not UTF-8 text"),
        (b"[" * 500, "nested too deeply"),
        (b'"\\x1b[31m": 1\n', r"\\x1b\[31m: unknown parameter"),
    ],
)
def test_text_that_is_no_parameter_file_is_refused(
    tmp_path: Path, content: bytes, line: str
) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    assert re.match(line, refusal(tmp_path / "params.yaml"))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "params.yaml") == f"there is no such file in {tmp_path}"
    (tmp_path / "params.yaml").mkdir()
    assert refusal(tmp_path / "params.yaml") == "Is a directory"
