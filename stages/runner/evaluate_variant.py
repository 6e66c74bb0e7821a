"""The recipe of evaluating a variant: models of all seeds, scores, files, run."""

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
        variant: its name.
        model: trained from the first seed.
        history: metrics by epoch of that training, with a column `epoch`.
        evaluation: of that model.
    """

    variant: str
    model: Model
    history: pd.DataFrame
    evaluation: Evaluation


def training_of(pipeline: str, variant: str) -> Training:
    """Read the training of a variant.

    Raises:
        StageError: it is missing or damaged.
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
    """Evaluate the models of all seeds of a variant; write scores and plots, log its run.

    Args:
        pipeline: of the variant.
        variant: its name, or that of the evaluator.
        load: loads a model from its folder.
        evaluate: scores a model on the test part; it returns the scores, and what `outputs` needs.
        outputs: writers of the further outputs, by name, for the primary model.
        message: the most important score, in a few words.

    Returns:
        The text of the closing line.
    """
    folder = results(pipeline.name, variant)
    training = training_of(pipeline.name, variant)
    history = read_input(read_history, folder).reset_index()
    models = {
        seed: read_input(load, place / "model")
        for seed, place in read_input(training_folders, folder).items()
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
