"""Stage `digits-train@variant`: train an autoencoder on digits, then learn its latents' density."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.digits.autoencoder import Architecture
from pipelines.digits.autoencoder_training import AutoencoderSettings, train_autoencoder
from pipelines.digits.mnist import read_digits
from pipelines.digits.stacking import draw_stacks, stacked_images, without_digit
from pipelines.digits.trained_autoencoder import save_trained_autoencoder, with_latents_of
from pipelines.training import DivergenceError, TrainingResult
from stages.checkpoints import checkpoint_folder
from stages.command import in_one_line, read_input, relative, run_variant
from stages.digits.params import Autoencoder
from stages.digits.record import record_training
from stages.layout import digits_folder, results
from stages.outputs import fingerprint, write_outputs
from stages.params import Params
from stages.seed import stage_seed
from stages.tracking import new_run
from stages.training import Data, Training, best_epoch, ignored, train_from, training_outputs


def train(params: Params, variant: str) -> str:
    """Train the variant from each of its seeds; write models, histories and what made them."""
    settings = params.digits.autoencoders[variant]
    data_folder = digits_folder()
    digits = read_input(read_digits, data_folder)
    images, labels = digits.train_images, digits.train_labels
    if settings.missing is not None:
        images, labels = without_digit(images, labels, settings.missing)
    data = Data.of(params.digits.source, data_folder, images)
    shown = {**settings.settings(), "source": params.digits.source}
    seeds = settings.all_seeds(params.seed)
    key = fingerprint({"seeds": seeds, **settings.settings()}, [data_folder])
    checkpoints = checkpoint_folder(f"digits-train-{variant}", key, params.device)
    folder = results("digits", variant)

    with new_run("digits", variant, seeds[0], key) as run:
        run.log_parameters(shown)
        run.log_data(data)

        def train_once(seed: int, place: Path) -> TrainingResult:
            own = place == folder
            derived = stage_seed(seed, f"digits-train@{variant}")
            with in_one_line(ValueError, DivergenceError):
                network, training = train_autoencoder(
                    images,
                    settings_of(settings),
                    seed=derived,
                    device=params.device,
                    precision=settings.precision,
                    checkpoint_folder=checkpoints / str(seed),
                    on_epoch=run.log_epoch if own else ignored,
                )
                units = images
                if settings.architecture.channels == 3:
                    stacks = draw_stacks(len(images), len(images), np.random.default_rng(derived))
                    units = stacked_images(images, stacks)
                trained = with_latents_of(
                    units,
                    network,
                    settings.pixels,
                    components=settings.mixture_components,
                    seed=derived,
                )
            history = pd.DataFrame(training.history)
            alone = fingerprint({"seeds": [seed], **settings.settings()}, [data_folder])
            made = Training(key if own else alone, seed, shown, data, best_epoch(history))
            save = partial(save_trained_autoencoder, trained)
            write_outputs(place, training_outputs(made, history, save))
            return training

        training = train_from(seeds, folder, train_once)
        record_training(run, variant)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return (
        f"validation loss {training.best_score:.1f} nats at epoch {training.best_epoch} of "
        f"{len(training.history)} → {relative(folder)}/model"
    )


def settings_of(settings: Autoencoder) -> AutoencoderSettings:
    """Hand the parameters over to the pipeline."""
    return AutoencoderSettings(
        kind=settings.kind,
        architecture=Architecture(**settings.architecture.model_dump()),
        pixels=settings.pixels,
        importance_samples=getattr(settings, "importance_samples", 1),
        kl_warmup=getattr(settings, "kl_warmup", 0),
        max_epochs=settings.epochs,
        patience=settings.early_stopping,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        validation_fraction=settings.validation_fraction,
    )


if __name__ == "__main__":
    run_variant("digits-train", train, lambda params: params.digits.autoencoders)
