"""Stage `digits-train@variant`: train an autoencoder on digits and fit its latents' density."""

from functools import partial
from pathlib import Path

import pandas as pd

from pipelines.digits.data.mnist import read_digits
from pipelines.digits.data.stacking import without_digit
from pipelines.digits.models.autoencoder_training import fit_autoencoder
from pipelines.digits.models.settings import AutoencoderSettings
from pipelines.digits.models.trained_autoencoder import save_trained_autoencoder
from stages.errors import read_input
from stages.outputs.training import Data, best_epoch
from stages.params import Params
from stages.paths import digits_folder
from stages.runner.command import run_variant
from stages.runner.train_variant import OnEpoch, Trained, train_variant


def train(params: Params, variant: str) -> str:
    """Train the variant from each of its seeds."""
    settings, folder = params.digits.autoencoders[variant], digits_folder()
    digits = read_input(read_digits, folder)
    images = digits.train_images
    if settings.missing is not None:
        images, _ = without_digit(images, digits.train_labels, settings.missing)

    def train_once(seed: int, checkpoints: Path, on_epoch: OnEpoch) -> Trained:
        trained, training = fit_autoencoder(
            images,
            settings.as_settings(AutoencoderSettings),
            mixture_components=settings.mixture_components,
            seed=seed,
            device=params.device,
            precision=settings.precision,
            checkpoint_folder=checkpoints,
            on_epoch=on_epoch,
        )
        history = pd.DataFrame(training.history)
        message = (
            f"validation loss {training.best_score:.1f} nats at epoch {training.best_epoch} of "
            f"{len(history)}"
        )
        save = partial(save_trained_autoencoder, trained)
        return Trained(save, history, best_epoch(history), message)

    data = Data.of(params.digits.source, folder, images)
    context = {"source": params.digits.source}
    return train_variant("digits-train", params, variant, settings, data, train_once, context)


if __name__ == "__main__":
    run_variant("digits-train", train, lambda params: params.digits.autoencoders)
