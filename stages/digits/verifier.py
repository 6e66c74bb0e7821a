"""Stage `digits-verifier`: train the network that judges the others, and judge it first."""

import shutil
from functools import partial
from pathlib import Path

import pandas as pd

from pipelines.classification import classification_scores
from pipelines.digits.augmentation import Augmentation
from pipelines.digits.mnist import read_digits
from pipelines.digits.plots import confident_mistakes
from pipelines.digits.verifier import classify, save_verifier
from pipelines.digits.verifier_training import VerifierSettings, train_verifier
from pipelines.pictures import confusion_matrix, loss_curves, save_picture
from pipelines.training import DivergenceError
from stages.checkpoints import checkpoint_folder
from stages.command import in_one_line, read_input, relative, run_stage
from stages.digits.params import Verifier
from stages.digits.record import VERIFIER, record_evaluation, record_training
from stages.layout import digits_folder, results
from stages.outputs import fingerprint, json_writer, write_outputs
from stages.params import Params
from stages.seed import stage_seed
from stages.tracking import new_run
from stages.training import Data, Training, best_epoch, training_outputs

HEADLINES = ("accuracy", "loss")


def train_and_judge(params: Params) -> str:
    """Train the verifier, score it on the test digits; write model, metrics and pictures."""
    settings = params.digits.verifier
    data_folder = digits_folder()
    digits = read_input(read_digits, data_folder)
    seed = stage_seed(params.seed, "digits-verifier")
    key = fingerprint({"seed": seed, **settings.model_dump()}, [data_folder])
    checkpoints = checkpoint_folder("digits-verifier", key, params.device)
    folder = results("digits", VERIFIER)
    shown = {**settings.model_dump(), "source": params.digits.source}
    data = Data.of(params.digits.source, data_folder, digits.train_images)

    with new_run("digits", VERIFIER, params.seed, key) as run:
        run.log_parameters(shown)
        run.log_data(data)
        with in_one_line(ValueError, DivergenceError):
            network, training = train_verifier(
                digits.train_images,
                digits.train_labels,
                settings_of(settings),
                seed=seed,
                device=params.device,
                precision=settings.precision,
                checkpoint_folder=checkpoints,
                on_epoch=run.log_epoch,
            )
        history = pd.DataFrame(training.history)
        beliefs = classify(network, digits.test_images)
        names = [str(digit) for digit in range(10)]
        scores = classification_scores(digits.test_labels, beliefs, names)

        def draw(draft: Path) -> None:
            draft.mkdir()
            for name, picture in {
                "loss_curves": loss_curves(history, "Training the verifier"),
                "confusion_matrix": confusion_matrix(scores.confusion, names, "Test digits"),
                "mistakes": confident_mistakes(digits.test_images, digits.test_labels, beliefs),
            }.items():
                save_picture(picture, draft / f"{name}.png")

        metrics = scores.to_metrics()
        made = Training(key, params.seed, shown, data, best_epoch(history))
        write_outputs(
            folder,
            {
                **training_outputs(made, history, partial(save_verifier, network)),
                "plots": draw,
                "scores.json": json_writer({"test": metrics}),
                "metrics.json": json_writer({"test": {name: metrics[name] for name in HEADLINES}}),
            },
        )
        record_training(run, VERIFIER)
        record_evaluation(run, VERIFIER)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return (
        f"test accuracy {scores.accuracy:.2%} at epoch {training.best_epoch} of {len(history)} "
        f"→ {relative(folder)}/model"
    )


def settings_of(settings: Verifier) -> VerifierSettings:
    """Hand the parameters over to the pipeline."""
    return VerifierSettings(
        blocks=settings.blocks,
        dropout=settings.dropout,
        augmentation=Augmentation(**settings.augmentation.model_dump()),
        max_epochs=settings.epochs,
        patience=settings.early_stopping,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        validation_fraction=settings.validation_fraction,
    )


if __name__ == "__main__":
    run_stage("digits-verifier", train_and_judge)
