"""Stage `digits-train@variant`: train an autoencoder and fit a density to its latents."""

from pathlib import Path

import pandas as pd

from pipelines.digits.data.mnist import read_digits
from pipelines.digits.data.stacking import without_digit
from pipelines.digits.models.autoencoder_training import fit_autoencoder
from pipelines.digits.models.sample_recorder import SampleRecorder
from pipelines.digits.models.saving import save_trained_autoencoder
from pipelines.digits.models.settings import AutoencoderSettings
from pipelines.digits.models.training_samples import save_training_samples
from stages.errors import read_input
from stages.outputs.training import Data, best_epoch
from stages.params import Params
from stages.paths import digits_folder
from stages.runner.command import run_variant
from stages.runner.train_variant import OnEpoch, Trained, train_variant


def train(params: Params, variant: str) -> str:
    """Train the variant with each of its seeds."""
    settings, folder = params.digits.models[variant], digits_folder()
    digits = read_input(read_digits, folder)
    images = digits.train_images
    if settings.held_out_digit is not None:
        images, _ = without_digit(images, digits.train_labels, settings.held_out_digit)

    def train_once(seed: int, checkpoints: Path, on_epoch: OnEpoch) -> Trained:
        recorder = SampleRecorder(seed)
        trained, training = fit_autoencoder(
            images,
            settings.as_settings(AutoencoderSettings),
            mixture_components=settings.mixture_components,
            seed=seed,
            device=params.device,
            precision=settings.precision,
            checkpoint_folder=checkpoints,
            on_epoch=on_epoch,
            callbacks=[recorder],
        )
        history = pd.DataFrame(training.history)
        message = (
            f"validation loss {training.best_score:.1f} nats at epoch {training.best_epoch} of "
            f"{len(history)}"
        )

        def save(folder: Path) -> None:
            save_training_samples(recorder.samples, folder)
            save_trained_autoencoder(trained, folder)  # last, because it writes the checksums

        return Trained(save, history, best_epoch(history), message)

    data = Data.of(params.digits.source, folder, images)
    context = {"source": params.digits.source}
    return train_variant("digits-train", params, variant, settings, data, train_once, context)


if __name__ == "__main__":
    run_variant("digits-train", train, lambda params: params.digits.models)
