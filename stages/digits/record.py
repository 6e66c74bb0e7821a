"""What the run of an autoencoder, or of the verifier, tells in MLflow, from the stages' files."""

from pathlib import Path

import numpy as np

from pipelines.digits.mnist import read_digits
from pipelines.digits.stacking import draw_stacks, stacked_images
from stages import record
from stages.command import read_input
from stages.digits import served_autoencoder, served_verifier
from stages.layout import digits_folder, results
from stages.logged_model import ServedModel
from stages.ranking import RANKINGS
from stages.run import Run
from stages.training import read_training

VERIFIER = "verifier"
FILES = ("history.csv", "anomaly_scores.csv", "metrics.json", "scores.json")
FILES_OF_VERIFIER = ("history.csv", "metrics.json", "scores.json")
LEADERBOARD = {
    "kind": "kind",
    "pixels": "pixels",
    "nats": "test/likelihood/nll",
    "predictable stacks": "headline/stacked_predictability",
    "… from the prior": "test/generation/prior/stacked/predictability",
    "reconstruction accuracy": "test/reconstruction/stacked/accuracy",
    "AUROC by reconstruction": "test/anomaly/stacked/reconstruction/auroc",
    "AUROC corrected": "test/anomaly/stacked/corrected/auroc",
}


def record_training(run: Run, variant: str) -> None:
    """Tell a run of the training of its network."""
    images = read_input(read_digits, digits_folder()).test_images
    folder = results("digits", variant)
    if variant == VERIFIER:
        served = ServedModel(
            code=Path(served_verifier.__file__),
            signature=served_verifier.signature(),
            example=images[:2],
            requirements=("mlflow", "numpy", "pandas", "safetensors", "torch"),
        )
    else:
        if read_input(read_training, folder).parameters["architecture"]["channels"] == 3:
            images = stacked_images(images, draw_stacks(len(images), 2, np.random.default_rng(0)))
        served = ServedModel(
            code=Path(served_autoencoder.__file__),
            signature=served_autoencoder.signature(images.shape[1:]),
            example=images[:2],
            requirements=("mlflow", "numpy", "safetensors", "scikit-learn", "torch"),
        )
    record.record_training(run, folder, served)


def record_evaluation(run: Run, variant: str) -> None:
    """Tell a run how its network did on digits that it has not seen."""
    folder = results("digits", variant)
    if variant == VERIFIER:
        record.record_evaluation(run, folder, FILES_OF_VERIFIER, description_of_verifier(folder))
        return
    record.record_evaluation(run, folder, FILES, description(folder))
    run.rank(RANKINGS["digits"], ["missing", "architecture.channels"], LEADERBOARD)


def description(folder: Path) -> str:
    """Say in Markdown what the MLflow UI shows of an autoencoder's run first."""
    test = record.read_scores(folder / "scores.json")["test"]
    best = test["best_sampler"]
    generated, real = test["generation"][best], test["real"]
    lines = [
        f"**{generated['stacked']['predictability']:.1%} of stacks from the {best} are "
        f"predictable**, of real ones {real['stacked']['predictability']:.1%}, of reconstructed "
        f"ones {test['reconstruction']['stacked']['predictability']:.1%}."
    ]
    if "likelihood" in test:
        lines.append(f"NLL {test['likelihood']['nll']:.2f} nats.")
    if "anomaly" in test:
        found = test["anomaly"]["stacked"]["corrected"]["auroc"]
        lines.append(f"Missing digit found with AUROC {found:.3f} by the corrected score.")
    return " ".join(lines)


def description_of_verifier(folder: Path) -> str:
    """Say in Markdown what the MLflow UI shows of the verifier's run first."""
    accuracy = record.read_scores(folder / "scores.json")["test"]["accuracy"]
    best = int(read_training(folder).metrics["best/epoch"])
    return f"**Test accuracy {accuracy:.2%}** at epoch {best}."
