"""The recipe of training a variant: seeds, live curve, files."""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.seeds import derive_seed
from stages.errors import in_one_line
from stages.outputs.atomic import write_outputs
from stages.outputs.hashes import fingerprint
from stages.outputs.provenance import Provenance, save_provenance
from stages.outputs.training import SEEDS, Data, Training, seeds_writer, training_outputs
from stages.params import Params
from stages.params.section import Variant
from stages.paths import PARAMS, ROOT, relative, results
from stages.runner.checkpoints import checkpoint_folder
from stages.tracking.git import commit_tags
from stages.tracking.live_curve import live_curve

#: Takes the number of an epoch and its metrics.
OnEpoch = Callable[[int, dict[str, float]], None]


@dataclass(frozen=True)
class Trained:
    """A model trained from one seed.

    Attributes:
        save: saves the model in an existing folder.
        history: metrics by epoch, with a column `epoch`.
        metrics: single numbers of the training.
        message: how it went, in a few words.
    """

    save: Callable[[Path], object]
    history: pd.DataFrame
    metrics: Mapping[str, float]
    message: str


#: Trains from a seed, with a checkpoint folder, and reports every epoch.
Train = Callable[[int, Path, OnEpoch], Trained]


def train_variant(
    stage: str,
    params: Params,
    variant: str,
    settings: Variant,
    data: Data,
    train: Train,
    context: Mapping[str, Any],
) -> str:
    """Train a variant from each of its seeds and write models, histories and `run.json`.

    Args:
        stage: its name without the variant, for example `figures-train`; it begins with the
            pipeline's and decides the seeds. They do not depend on the variant, so that variants
            that differ in one parameter start from the same draws, and a renamed one stays equal.
        params: all parameters.
        variant: its name.
        settings: its parameters.
        data: what it is trained on.
        train: trains from one seed.
        context: further parameters for its run in MLflow.

    Returns:
        The text of the closing line.
    """
    pipeline = stage.partition("-")[0]
    folder = results(pipeline, variant)
    seeds, chosen = settings.all_seeds(params.seed), settings.settings()
    inputs = [ROOT / data.path]
    key = fingerprint({"seeds": seeds, **chosen}, inputs)
    parameters = {**chosen, **context}
    checkpoints = checkpoint_folder(f"{stage}-{variant}", key, params.device)
    started, tags, text = time.time(), commit_tags(), PARAMS.read_text(encoding="utf-8")
    origin = Provenance(key, tags, text, started, started)

    with live_curve(pipeline, variant, origin, seeds[0], parameters) as curve:

        def train_from(seed: int, on_epoch: OnEpoch) -> Trained:
            with in_one_line(ValueError, ArithmeticError):
                return train(derive_seed(seed, stage), checkpoints / str(seed), on_epoch)

        primary = train_from(seeds[0], curve.log_epoch)
        further = {seed: train_from(seed, _no_curve) for seed in seeds[1:]}

    def outputs(seed: int, trained: Trained, key: str) -> dict[str, Any]:
        training = Training(key, seed, parameters, data, trained.metrics)
        return training_outputs(training, trained.history, trained.save)

    others = {
        seed: outputs(seed, trained, fingerprint({"seeds": [seed], **chosen}, inputs))
        for seed, trained in further.items()
    }
    files = outputs(seeds[0], primary, key) | {SEEDS: seeds_writer(seeds, others)}
    write_outputs(folder, files)
    save_provenance(pipeline, variant, Provenance(key, tags, text, started, time.time()))
    shutil.rmtree(checkpoints, ignore_errors=True)
    return f"{primary.message} → {relative(folder)}/model"


def _no_curve(_epoch: int, _metrics: dict[str, float]) -> None:
    """Ignore an epoch of a further seed, which has no live curve."""
