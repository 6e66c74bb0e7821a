"""Evaluation of a variant: load the models of all seeds, score them, write files, log the run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import pandas as pd

from stages.errors import in_one_line, read_input
from stages.outputs.atomic import Writer, json_writer, write_outputs
from stages.outputs.metrics import summarize
from stages.outputs.training import (
    Training,
    over_seeds,
    read_history,
    read_training,
    training_folders,
)
from stages.paths import relative, results
from stages.runner.log import log_models
from stages.runner.pipeline import Pipeline

Model = TypeVar("Model")
Evaluation = TypeVar("Evaluation")


@dataclass(frozen=True)
class Primary(Generic[Model, Evaluation]):
    """The primary model of a variant, and its evaluation.

    Attributes:
        variant: Name of the variant.
        model: The model of the first seed.
        history: Metrics by epoch of its training, with a column `epoch`.
        evaluation: Results that `outputs` writes (see `evaluate_variant`).
    """

    variant: str
    model: Model
    history: pd.DataFrame
    evaluation: Evaluation


def training_of(pipeline: str, variant: str) -> Training:
    """Read the `run.json` of a variant.

    Raises:
        StageError: The file is missing or damaged.
    """
    return read_input(read_training, results(pipeline, variant))


def evaluate_variant(
    pipeline: Pipeline,
    variant: str,
    load: Callable[[Path], Model],
    evaluate: Callable[[Model], tuple[Mapping[str, Any], Evaluation]],
    outputs: Callable[[Primary[Model, Evaluation]], Mapping[str, Writer]],
    message: Callable[[Mapping[str, Any]], str],
) -> str:
    """Evaluate the models of all seeds of a variant, write scores and plots, and log its run.

    Args:
        pipeline: Pipeline of the variant.
        variant: Name of the variant or of the evaluator.
        load: Function that loads a model from its folder.
        evaluate: Function that scores a model on the test split. It returns the scores and the
            results that `outputs` writes.
        outputs: Function that returns the writers of further outputs of the primary model, by
            file name.
        message: Function that formats the most important score.

    Returns:
        The closing line.
    """
    folder = results(pipeline.name, variant)
    training = training_of(pipeline.name, variant)
    history = read_input(read_history, folder).reset_index()
    models = {
        seed: read_input(load, training_folder / "model")
        for seed, training_folder in read_input(training_folders, folder).items()
    }
    with in_one_line(ValueError):
        evaluations = {seed: evaluate(model) for seed, model in models.items()}
        metrics = pipeline.metrics_of(variant)
        by_seed = {seed: summarize(metrics, scores) for seed, (scores, _) in evaluations.items()}
        (scores, evaluation), summary = evaluations[training.seed], by_seed[training.seed]
        primary = Primary(variant, models[training.seed], history, evaluation)
        write_outputs(
            folder,
            {
                **outputs(primary),
                "scores.json": json_writer({"test": scores, "by_seed": by_seed}),
                "metrics.json": json_writer({"test": summary, **over_seeds(by_seed.values())}),
            },
        )
    log_models(pipeline, [variant])
    return f"{message(scores)} → {relative(folder)}/metrics.json"
