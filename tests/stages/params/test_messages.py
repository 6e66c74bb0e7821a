"""An invalid params.yaml is refused in one line that names parameter, value and accepted values."""

import re
from pathlib import Path

import pytest

from stages.errors import ParamsError
from stages.params import load_params
from stages.paths import PARAMS

FRACTIONS = "{by: fractions, train: 0.7, validation: 0.15, test: 0.15}"
TIMES = '{by: times, validation_start: "2021-01-01", test_start: "2021-05-01"}'
IMAGE = ".*cnn: layers.1 is a convolution and must come before the dense layer layers.0"
FIGURES = [
    # Numbers, strings and names
    ("seed: 42", "seed: -1", "seed = -1: must be greater than or equal to 0"),
    ("seed: 42", "seed: 4.5", "seed = 4.5: must be .*integer"),
    ("seed: 42", f"seed: 0x{'f' * 5000}", "seed = an integer of thousands of digits: must be"),
    ("device: auto", "device: tpu", "device = 'tpu': must be 'auto', 'cpu', 'cuda' or 'mps'"),
    ("count: 715", f"count: {'x' * 99}", r"[^ ]+ = 'x{20,30}\.\.\.x{20,30}': .*integer"),
    ("noise: 0.1", "noise: .nan", "figures.datasets.off_centre.noise = nan: .*finite number"),
    ("epochs: 100", "epochs: 10000000000000", ".* epochs: must be at most 1,000,000,000,000"),
    ("    default:", "    best@all:", ".*best@all = 'best@all': must be a name of lowercase"),
    # Missing and unknown parameters
    ("      output: sigmoid\n", "", r"figures\.\w+\.default\.output: missing"),
    ("seed: 42", "sead: 42", "sead: unknown parameter; expected one of seed, device, fig.* more"),
    ("width: 20", "units: 20", ".*demo_1.layers.0.units: unknown .*; expected one of width, act"),
    ("l2, rate: 0.001", "l2, rat: 0.001", ".*regularization.rat: .*; expected one of name, rate"),
    ("name: adam,", "name: adam, momentum: 0,", ".*momentum: .* one of name, learning_rate$"),
    # Lists, mappings and tagged unions
    ("[100, 0.1,", "[100, -1,", ".*initialization.1 = -1: must be 'glorot' or 'he'.* 0"),
    ("digits:\n", "digits: 3\nrest:\n", "rest: unknown parameter.* more"),
    (
        "name: adam",
        "name: adagrad",
        ".*optimizer = .*: must be a mapping with .name. one of 'sgd', 'adam'",
    ),
    # Inconsistent parameters
    ("train: 0.7", "train: 0.8", ".*off_centre.split: the three fractions must sum to 1, not 1.1"),
    (
        "0.3, test: 0.1}",
        "0.39, test: 0.01}",
        ".*tiny: a fraction of 0.01 of 50 figures is an empty split",
    ),
    ("60000, size: 30", "1000000, size: 200", ".*large: 1,000,000 figures .* exceed 2 GiB"),
    ("dataset: tiny", "dataset: huge", ".*dataset = 'huge': must be a key .* off_centre"),
    ("loss: categorical", "loss: binary", ".*overfitting: .* be 'categorical_cross_entropy'"),
    ("[100, 0.1,", "[100,", ".*extremes: initialization has 5 entries for 6 layers with weights"),
    # Layers
    ("width: 20, ", "", ".*demo_1.layers.0.width: missing"),
    (
        "width: 20",
        "dropout: 1.0",
        ".*layers.0.activation: unknown parameter; expected one of dropout .*",
    ),
    ("{width: 20, activation: relu}", "{dropout: 1.0}", ".*layers.0.dropout = 1.0: must be le"),
    (
        "kernel: 5, activation: relu",
        "kernel: 5, activation: softmax",
        ".*'softmax' is not supported",
    ),
    (
        "filters: 8",
        "filter: 8",
        ".*cnn.layers.0.filter: unknown .* one of filters, kernel, activation, p",
    ),
    ("filters: 8", "filters: 0", ".*cnn.layers.0.filters = 0: must be greater than or equal"),
    ("{width: 20, activation: relu}", "20", ".*demo_1.layers.0 = 20: must be a mapping"),
    ("activation: tanh", "activation: sine", ".*layers.1.activation = 'sine': must be 'relu'"),
    ("- {filters: 8,", "- {width: 9, activation: relu}\n        - {filters: 8,", IMAGE),
    ("kernel: 5", "kernel: 31", ".*cnn.layers.0.kernel = 31: must be at most 30, the height"),
    ("pool: 2", "pool: 27", ".*cnn.layers.0.pool = 27: must be at most 26, the height a"),
    # Seeds
    ("seeds: 1\n", "seeds: []\n", r".*seeds = \[\]: must be .*of length 1 or more"),
    ("seeds: 1\n", "seeds: [7, 7]\n", r".*seeds \[7, 7\]: must be unique"),
    ("seeds: 1\n", "seeds: [7, -1]\n", ".*seeds.1 = -1: must be greater than or equal"),
]
FORMER = [
    ("figures", "  models:\n", "  networks:\n", "figures.networks: renamed to models .*"),
    ("digits", "  models:\n", "  autoencoders:\n", "digits.autoencoders: .* models .*"),
    ("digits", "held_out_digit: 8", "missing: 8", ".*ae_missing.missing: .* held_out_digit .*"),
    ("digits", "binarization: none", "pixels: float", ".*ae.pixels: .* binarization, one of dyn.*"),
    ("digits", "latent_dim: 16", "latent: 16", ".*architecture.latent: .* to latent_dim .*"),
    (
        "digits",
        "confidence_threshold: {single: 0.8, stacked: 0.5}",
        "tolerance_mono: 0.8",
        ".*evaluation.tolerance_mono: .* to confidence_threshold.single .*",
    ),
    ("imbalance", "baseline: ridge", "reference: ridge", "imbalance.reference: .* baseline .*"),
    ("imbalance", "ensemble_size: 3", "networks: 3", ".*lstm.networks: .* ensemble_size .*"),
    ("imbalance", "max_iter: 150", "trees: 150", ".*gradient_boosting.trees: .* max_iter .*"),
    ("imbalance", "      alpha: 0.2", "      penalty: 0.2", ".*ridge.penalty: .* alpha of a .*"),
    ("imbalance", "target: residual", "target: altered", ".*target = 'altered': .*'residual'"),
]
DIGITS = [
    ("in_channels: 1", "in_channels: 2", r".*architecture\.\w*channels = 2: must be 1 or 3"),
    ("widths: [32, 64]", "widths: []", ".*widths = .*: must be of length 1 or more"),
    ("widths: [32, 64]", "widths: [8, 8, 8]", ".*widths = .*: must be of length 2 or less"),
    (
        "kind: variational",
        "kind: diffusion",
        ".*vae = .*: must be a mapping with .kind. one of .*, not 'd",
    ),
    ("kind: autoencoder\n      ", "", ".*ae = .*: must be a mapping with 'kind'"),
    ("kind: autoencoder", "kind: autoencoder\n      trees: 5", ".*ae.trees: .* one of seeds,"),
    ("importance_samples: 1", "importance_samples: 2", ".*kl_warmup = 0.75: must be 0 if"),
    ("    ae:\n", "    verifier:\n", ".*verifier: must have another name"),
    ("mode_samples: 26000", "mode_samples: 9999", ".*mode_samples = 9999: must be at least"),
]
IMBALANCE = [
    ("resolution: 5", "resolution: 10", "imbalance.resolution = 10: must be 5 or 15"),
    (
        "by: fractions",
        "by: luck",
        ".*split = .*: must be a mapping with .by. one of 'fractions', 'times'",
    ),
    (FRACTIONS, TIMES.replace(", test_", ", "), ".*split.start: unknown .* one of by, valid"),
    (FRACTIONS, TIMES.replace('"', ""), ".*split.validation_start = .*: must be .*string"),
    ("    ridge:\n", "    series:\n", ".*series: must have another name"),
    (": ridge\n", ": nobody\n", ".*'nobody'"),
]


def refusal(path: Path) -> str:
    """Return the error message of an invalid file, without the file name."""
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
def test_an_invalid_parameter_is_named_with_the_accepted_values(
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
        (b"- 1\n- 2\n", r"the file = \[1, 2\]: must be a mapping"),
        (b"seed: 1\nseed: 2\n", 'line 2: found duplicate key "seed"'),
        (b"seed: \x00\n", "not YAML: "),
        (b"seed: !!bool maybe\n", "not YAML: "),
        (b"seed: \xff\n", "not UTF-8 text"),
        (b"[" * 500, "nested too deeply"),
        (b'"\\x1b[31m": 1\n', r"\\x1b\[31m: unknown parameter"),
    ],
)
def test_content_that_is_not_a_mapping_is_refused(
    tmp_path: Path, content: bytes, line: str
) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    assert re.match(line, refusal(tmp_path / "params.yaml"))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "params.yaml") == f"not found in {tmp_path}"
    (tmp_path / "params.yaml").mkdir()
    assert refusal(tmp_path / "params.yaml") == "Is a directory"
