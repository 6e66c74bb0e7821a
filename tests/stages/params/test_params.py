"""Parameters are parsed as DVC parses them, and the library receives all of them."""

import dataclasses
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from pipelines.digits.evaluation.autoencoder import EvaluationSettings
from pipelines.digits.models.settings import AutoencoderSettings, VerifierSettings
from pipelines.imbalance.forecasters.kinds import KINDS
from stages.params import Params, load_params
from stages.params.section import Section, Variant
from stages.paths import PARAMS


def models(params: Params) -> dict[str, Variant]:
    """Return all models of a file by pipeline and name."""
    models_by_name: dict[str, Variant] = {"digits.verifier": params.digits.verifier}
    for pipeline in ("figures", "digits", "imbalance"):
        for _, section in getattr(params, pipeline):
            for name, model in section.items() if isinstance(section, dict) else ():
                if isinstance(model, Variant):
                    models_by_name[f"{pipeline}.{name}"] = model
    return models_by_name


PROJECT = load_params()
MODELS = models(PROJECT)
SECTIONS: dict[str, Section] = {**MODELS, "digits.evaluation": PROJECT.digits.evaluation}
SETTINGS = {
    "digits.evaluation": EvaluationSettings,
    "digits.verifier": VerifierSettings,
    "digits.ae": AutoencoderSettings,
    "digits.vae_missing": AutoencoderSettings,
    **{name: KINDS[MODELS[name].kind].settings for name in MODELS if "imbalance." in name},
}


def test_the_commented_models_are_valid(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    text = PARAMS.read_text(encoding="utf-8")
    path.write_text(re.sub(r"^    # (?=  [a-z_]+: |[a-z_]+:$)", "    ", text, flags=re.MULTILINE))
    assert set(models(load_params(path))) >= {*MODELS, "digits.iwae", "digits.vae_stacked"}


def test_numbers_are_read_as_dvc_reads_them(tmp_path: Path) -> None:
    # YAML 1.1 would read 1e-3 as a string, and `dvc exp run -S` writes it like this.
    path = tmp_path / "params.yaml"
    path.write_text(PARAMS.read_text().replace("learning_rate: 0.001", "learning_rate: 1e-3", 1))
    assert models(load_params(path)) == MODELS


@pytest.mark.parametrize(
    ("written", "seeds"), [(1, [42]), (3, [42, 43, 44]), ([7], [7]), ([8, 7, 100], [8, 7, 100])]
)
def test_the_seeds_of_a_model_follow_the_seed_of_the_project_or_are_listed(
    written: int | list[int], seeds: list[int]
) -> None:
    model = MODELS["figures.demo_1"]
    seeded = type(model).model_validate(model.model_dump() | {"seeds": written})
    assert seeded.all_seeds(42) == seeds
    assert seeded.settings() == model.settings()
    assert MODELS["imbalance.ridge"].all_seeds(42) == [42]


def changed(section: type[BaseModel], name: str, value: Any) -> Any:
    """Return another value that a parameter accepts."""
    annotation = section.model_fields[name].annotation
    if get_origin(annotation) is Literal:
        return next((word for word in get_args(annotation) if word != value), value)
    match value:
        case dict():
            return {key: changed(annotation, key, inner) for key, inner in value.items()}
        case list():
            return value[:-1]
        case None:
            return 3
        case int():
            return value + 1
        case _:
            return value / 2 + 0.001


def plain(value: Any) -> Any:
    """Return dataclasses as mappings and tuples as lists."""
    if dataclasses.is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [*map(plain, value)] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("name", SETTINGS)
def test_every_parameter_reaches_the_settings_of_the_library(name: str) -> None:
    section, before = type(SECTIONS[name]), SECTIONS[name].model_dump()
    fields = {field.name for field in dataclasses.fields(SETTINGS[name])}
    if before.get("kind") == "autoencoder":
        fields -= {"importance_samples", "kl_warmup"}  # only for variational autoencoders
    assert fields <= set(before), "the library has a setting that is no parameter"
    for field in fields:
        value = changed(section, field, before[field])
        after = section.model_validate(before | {field: value}).as_settings(SETTINGS[name])
        expected = {each: before[each] for each in fields} | {field: value}
        assert {each: plain(after)[each] for each in fields} == expected
