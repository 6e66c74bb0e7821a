"""Training of a variant: seeds, live curve and result files."""

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

#: Callback that receives the number of an epoch and its metrics.
OnEpoch = Callable[[int, dict[str, float]], None]


@dataclass(frozen=True)
class Trained:
    """A model trained with one seed.

    Attributes:
        save: Function that saves the model in an existing folder.
        history: Metrics by epoch, with a column `epoch`.
        metrics: Final metrics of the training.
        message: Short description of the result for the closing line.
    """

    save: Callable[[Path], object]
    history: pd.DataFrame
    metrics: Mapping[str, float]
    message: str


#: Function that trains with a seed and a checkpoint folder and reports each epoch.
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
    """Train a variant with each of its seeds and write models, histories and `run.json`.

    The random seeds depend on the stage, not on the variant. So variants that differ in one
    parameter start from the same random numbers, and renaming a variant does not change its model.

    Args:
        stage: Name of the stage without the variant, for example `figures-train`. It begins with
            the name of the pipeline.
        params: All parameters.
        variant: Name of the variant.
        settings: Parameters of the variant.
        data: Training data.
        train: Function that trains with one seed.
        context: Further parameters to log to the MLflow run.

    Returns:
        The closing line.
    """
    pipeline = stage.partition("-")[0]
    folder = results(pipeline, variant)
    seeds, variant_settings = settings.all_seeds(params.seed), settings.settings()
    inputs = [ROOT / data.path]
    key = fingerprint({"seeds": seeds, **variant_settings}, inputs)
    parameters = {**variant_settings, **context}
    checkpoints = checkpoint_folder(f"{stage}-{variant}", key, params.device)
    started, tags, text = time.time(), commit_tags(), PARAMS.read_text(encoding="utf-8")
    provenance = Provenance(key, tags, text, started, started)

    with live_curve(pipeline, variant, provenance, seeds[0], parameters) as curve:

        def train_from(seed: int, on_epoch: OnEpoch) -> Trained:
            with in_one_line(ValueError, ArithmeticError):
                return train(derive_seed(seed, stage), checkpoints / str(seed), on_epoch)

        primary = train_from(seeds[0], curve.log_epoch)
        further = {seed: train_from(seed, _ignore_epoch) for seed in seeds[1:]}

    def outputs(seed: int, trained: Trained, key: str) -> dict[str, Any]:
        training = Training(key, seed, parameters, data, trained.metrics)
        return training_outputs(training, trained.history, trained.save)

    others = {
        seed: outputs(seed, trained, fingerprint({"seeds": [seed], **variant_settings}, inputs))
        for seed, trained in further.items()
    }
    files = outputs(seeds[0], primary, key) | {SEEDS: seeds_writer(seeds, others)}
    write_outputs(folder, files)
    save_provenance(pipeline, variant, Provenance(key, tags, text, started, time.time()))
    shutil.rmtree(checkpoints, ignore_errors=True)
    return f"{primary.message} → {relative(folder)}/model"


def _ignore_epoch(_epoch: int, _metrics: dict[str, float]) -> None:
    """Ignore an epoch, because only the first seed has a live curve."""
