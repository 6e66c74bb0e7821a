"""Stage `digits-evaluate@variant`: evaluate an autoencoder on the test digits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.digits.data.mnist import read_digits
from pipelines.digits.evaluation.anomaly import anomaly_table
from pipelines.digits.evaluation.autoencoder import (
    AutoencoderEvaluation,
    EvaluationDigits,
    EvaluationSettings,
    evaluate_autoencoder,
)
from pipelines.digits.evaluation.generation import sample_sets
from pipelines.digits.models.saving import load_trained_autoencoder
from pipelines.digits.models.trained_autoencoder import TrainedAutoencoder
from pipelines.digits.models.training_samples import load_training_samples
from pipelines.digits.models.verifier import load_verifier
from pipelines.digits.plots.autoencoder import draw_autoencoder
from pipelines.seeds import derive_seed
from stages.digits.pipeline import PIPELINE, VERIFIER
from stages.errors import read_input
from stages.outputs.atomic import Writer
from stages.outputs.plots import plots_writer
from stages.params import Params
from stages.paths import digits_folder, results
from stages.runner.command import run_variant
from stages.runner.evaluate_variant import Primary, evaluate_variant, training_of


def evaluate(params: Params, variant: str) -> str:
    """Evaluate the variant and write metrics, samples, anomaly scores and plots."""
    held_out = training_of("digits", variant).parameters["held_out_digit"]
    settings = params.digits.evaluation.as_settings(EvaluationSettings)
    seed = derive_seed(params.seed, "digits-evaluate")
    verifier = read_input(load_verifier, results("digits", VERIFIER) / "model")
    digits = EvaluationDigits.draw(read_input(read_digits, digits_folder()), settings, seed)

    def score(model: TrainedAutoencoder) -> tuple[Mapping[str, Any], AutoencoderEvaluation]:
        evaluation = evaluate_autoencoder(
            model, verifier, digits, settings, held_out_digit=held_out, seed=seed
        )
        return evaluation.metrics, evaluation

    def outputs(
        of: Primary[TrainedAutoencoder, AutoencoderEvaluation],
    ) -> Mapping[str, Writer]:
        model, columns, test = of.model, of.evaluation.anomaly_columns, digits.test
        table = anomaly_table(columns, test, model.channels)
        training_samples = read_input(load_training_samples, results("digits", variant) / "model")
        inputs = of.variant, model, of.history, training_samples, test, columns
        figures = draw_autoencoder(*inputs, held_out_digit=held_out, seed=seed)

        def write_samples(draft: Path) -> None:
            sampler = of.evaluation.best_sampler
            with draft.open("wb") as file:
                np.savez_compressed(
                    file, **sample_sets(model, sampler, settings.samples, seed=seed)
                )

        return {
            "plots": plots_writer(figures),
            "samples.npz": write_samples,
            "anomaly_scores.csv": lambda draft: table.to_csv(draft, index=False),
        }

    def message(scores: Mapping[str, Any]) -> str:
        best = scores["best_sampler"]
        predictability = scores["generation"][best]["stacked"]["predictability"]
        return f"{predictability:.1%} of stacks from the {best} are predictable"

    return evaluate_variant(PIPELINE, variant, load_trained_autoencoder, score, outputs, message)


if __name__ == "__main__":
    run_variant("digits-evaluate", evaluate, PIPELINE.variants)
