"""params.yaml is refused with one line that names the parameter, the value, what is accepted."""

import re
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
    ("old", "new", "said"),
    [
        ("missing: 8", "missing: 10", ["ae_missing", "missing = 10", "less than or equal to 9"]),
        ("missing: null", "missing: -1", ["ae.", "missing = -1", "greater than or equal to 0"]),
        ("channels: 1", "channels: 2", ["ae.", "architecture.channels = 2", "1 or 3"]),
        ("latent: 16", "latent: 0", ["architecture.latent = 0", "greater than or equal to 1"]),
        (
            "widths: [32, 64]",
            "widths: []",
            ["architecture.widths", "accepted is a length of at least 1"],
        ),
        (
            "widths: [32, 64]",
            "widths: [8, 8, 8]",
            ["architecture.widths", "accepted is a length of at most 2"],
        ),
        ("widths: [32, 64]", "widths: [8, 0]", ["widths.1 = 0", "greater than or equal to 1"]),
        ("hidden: 256", "hidden: [256]", ["architecture.hidden", "integer"]),
        ("hidden: 256", "depth: 256", ["architecture.depth: unknown parameter"]),
        ("kind: variational", "kind: diffusion", ["vae", "'diffusion'", "'variational'"]),
        (
            "kind: autoencoder\n",
            "kind: autoencoder\n      importance_samples: 5\n",
            ["autoencoders.ae", "importance_samples: unknown parameter"],
        ),
        ("      importance_samples: 1\n", "", ["importance_samples: missing"]),
        ("importance_samples: 1", "importance_samples: 0", ["importance_samples = 0"]),
        ("kl_warmup: 0\n", "kl_warmup: -1\n", ["kl_warmup = -1"]),
        (
            "importance_samples: 1\n      kl_warmup: 0\n",
            "importance_samples: 5\n      kl_warmup: 0.5\n",
            ["kl_warmup 0.5: accepted is 0 where importance_samples"],
        ),
        ("pixels: bernoulli", "pixels: grey", ["pixels = 'grey'", "'binary'"]),
        ("mixture_components: 200", "mixture_components: 0", ["mixture_components = 0"]),
        ("    ae:\n", "    verifier:\n", ["autoencoders.verifier", "another name"]),
        ("    ae:\n", "    AE:\n", ["AE", "small letters, digits and underscores"]),
        ("mode_samples: 26000", "mode_samples: 9999", ["mode_samples 9999", "samples, 10000"]),
        ("tolerance_mono: 0.8", "tolerance_mono: 80", ["tolerance_mono = 80", "equal to 1"]),
        ("sampling_seeds: 5", "sampling_seeds: 0", ["sampling_seeds = 0"]),
    ],
)
def test_an_impossible_autoencoder_is_named_with_what_is_accepted(
    tmp_path: Path, old: str, new: str, said: list[str]
) -> None:
    line = refused(tmp_path, edited(old, new))
    assert line.startswith("params.yaml: digits")
    for words in said:
        assert words in line


def test_the_variants_that_are_off_by_default_are_accepted_when_they_are_turned_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "params.yaml"
    before = load_params().digits.autoencoders
    text = PARAMS.read_text(encoding="utf-8")
    path.write_text(re.sub(r"^    # (?=  [a-z_]+: |[a-z_]+:$)", "    ", text, flags=re.MULTILINE))
    turned_on = load_params(path).digits.autoencoders
    assert set(turned_on) > set(before)
    further = [settings for name, settings in turned_on.items() if name not in before]
    assert {settings.architecture.channels for settings in further} == {1, 3}
    assert 5 in {settings.importance_samples for settings in further}


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


@pytest.mark.parametrize(
    ("written", "seeds"),
    [("1", [42]), ("3", [42, 43, 44]), ("[7]", [7]), ("[8, 7, 100]", [8, 7, 100])],
)
def test_the_seeds_of_a_variant_follow_the_projects_or_are_listed(
    tmp_path: Path, written: str, seeds: list[int]
) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(edited("seeds: 1\n", f"seeds: {written}\n"))
    params = load_params(path)
    variant = next(iter(params.figures.networks.values()))
    assert variant.all_seeds(params.seed) == seeds
    assert "seeds" not in variant.settings()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0", "greater than or equal to 1"),
        ("101", "less than or equal to 100"),
        ("[]", "a length of at least 1"),
        ("[7, 7]", "seeds [7, 7]: accepted are seeds that differ"),
        ("[7, -1]", "seeds.1 = -1: accepted is greater than or equal to 0"),
        ("[4294967296]", "seeds.0 = 4294967296: accepted is less than 4294967296"),
        ("many", "integer"),
        ("1.5", "integer"),
    ],
)
def test_impossible_seeds_are_named_with_what_is_accepted(
    tmp_path: Path, written: str, said: str
) -> None:
    line = refused(tmp_path, edited("seeds: 1\n", f"seeds: {written}\n"))
    assert "seeds" in line
    assert said in line


def test_a_variant_that_draws_nothing_at_random_has_no_seeds_to_choose() -> None:
    params = load_params()
    assert params.imbalance.variants["ridge"].all_seeds(params.seed) == [params.seed]
    assert "seeds" not in type(params.imbalance.variants["ridge"]).model_fields
