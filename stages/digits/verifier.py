"""Stage `digits-verifier`: train and evaluate the classifier that evaluates autoencoders."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.classification import classification_scores
from pipelines.digits.data.mnist import read_digits
from pipelines.digits.models.settings import VerifierSettings
from pipelines.digits.models.verifier import Verifier, classify, load_verifier, save_verifier
from pipelines.digits.models.verifier_training import train_verifier
from pipelines.digits.plots.verifier import draw_verifier
from stages.digits.pipeline import PIPELINE, VERIFIER
from stages.errors import read_input
from stages.outputs.atomic import Writer
from stages.outputs.plots import plots_writer
from stages.outputs.training import Data, best_epoch
from stages.params import Params
from stages.paths import digits_folder
from stages.runner.command import run_stage
from stages.runner.evaluate_variant import Primary, evaluate_variant
from stages.runner.train_variant import OnEpoch, Trained, train_variant

NAMES = [str(digit) for digit in range(10)]


def train_and_evaluate(params: Params) -> str:
    """Train the verifier and evaluate it on the test digits."""
    settings, folder = params.digits.verifier, digits_folder()
    digits = read_input(read_digits, folder)

    def train_once(seed: int, checkpoints: Path, on_epoch: OnEpoch) -> Trained:
        network, training = train_verifier(
            digits.train_images,
            digits.train_labels,
            settings.as_settings(VerifierSettings),
            seed=seed,
            device=params.device,
            precision=settings.precision,
            checkpoint_folder=checkpoints,
            on_epoch=on_epoch,
        )
        history = pd.DataFrame(training.history)
        save = partial(save_verifier, network)
        return Trained(save, history, best_epoch(history), f"{len(history)} epochs")

    def score(network: Verifier) -> tuple[Mapping[str, Any], np.ndarray]:
        probabilities = classify(network, digits.test_images)
        scores = classification_scores(digits.test_labels, probabilities, NAMES)
        return scores.to_metrics(), probabilities

    def outputs(of: Primary[Verifier, np.ndarray]) -> Mapping[str, Writer]:
        figures = draw_verifier(of.history, digits.test_images, digits.test_labels, of.evaluation)
        return {"plots": plots_writer(figures)}

    def message(scores: Mapping[str, Any]) -> str:
        return f"test accuracy {scores['accuracy']:.2%}"

    data = Data.of(params.digits.source, folder, digits.train_images)
    context = {"source": params.digits.source}
    train_variant("digits-verifier", params, VERIFIER, settings, data, train_once, context)
    return evaluate_variant(PIPELINE, VERIFIER, load_verifier, score, outputs, message)


if __name__ == "__main__":
    run_stage("digits-verifier", train_and_evaluate)
