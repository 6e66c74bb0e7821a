"""Stage `digits-train@variant`: train an autoencoder on digits, then learn its latents' density."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.digits.autoencoder import Architecture
from pipelines.digits.autoencoder_training import AutoencoderSettings, train_autoencoder
from pipelines.digits.mnist import read_digits
from pipelines.digits.stacking import draw_stacks, stacked_images, without_digit
from pipelines.digits.trained_autoencoder import save_trained_autoencoder, with_latents_of
from pipelines.training import DivergenceError
from stages.checkpoints import checkpoint_folder
from stages.command import in_one_line, read_input, relative, run_variant
from stages.digits import served_autoencoder
from stages.digits.params import Autoencoder
from stages.layout import digits_folder, results
from stages.outputs import fingerprint, whole, write_json
from stages.params import Params
from stages.seed import stage_seed
from stages.tracking import new_run


def train(params: Params, variant: str) -> str:
    """Train the variant; write its model, its history and what its run is found by."""
    settings = params.digits.autoencoders[variant]
    data_folder = digits_folder()
    digits = read_input(read_digits, data_folder)
    images, labels = digits.train_images, digits.train_labels
    if settings.missing is not None:
        images, labels = without_digit(images, labels, settings.missing)
    seed = stage_seed(params.seed, f"digits-train@{variant}")
    key = fingerprint({"seed": seed, **settings.model_dump()}, [data_folder])
    checkpoints = checkpoint_folder(f"digits-train-{variant}", key, params.device)
    folder = results("digits", variant)

    with new_run("digits", variant, params.seed, key) as run:
        run.log_parameters({**settings.model_dump(), "source": params.digits.source})
        run.log_data(params.digits.source, data_folder, images, labels)
        with in_one_line(ValueError, DivergenceError):
            network, training = train_autoencoder(
                images,
                settings_of(settings),
                seed=seed,
                device=params.device,
                precision=settings.precision,
                checkpoint_folder=checkpoints,
                on_epoch=run.log_epoch,
            )
            if settings.architecture.channels == 3:
                stacks = draw_stacks(len(images), len(images), np.random.default_rng(seed))
                images = stacked_images(images, stacks)
            trained = with_latents_of(
                images,
                network,
                settings.pixels,
                components=settings.mixture_components,
                seed=seed,
            )
        history = pd.DataFrame(training.history)
        best = history.set_index("epoch").loc[training.best_epoch]
        with whole(folder / "model") as draft:
            draft.mkdir()
            save_trained_autoencoder(trained, draft)
        with whole(folder / "history.csv") as draft:
            history.to_csv(draft, index=False)
        write_json(folder / "run.json", {"fingerprint": key})
        run.log_metrics({"best/epoch": training.best_epoch, **best.add_prefix("best/")})
        run.log_model(
            Path(served_autoencoder.__file__),
            folder / "model",
            served_autoencoder.signature(images.shape[1:]),
            images[:2],
            requirements=("mlflow", "numpy", "safetensors", "scikit-learn", "torch"),
        )
        run.mark_as_trained()
    shutil.rmtree(checkpoints, ignore_errors=True)
    return (
        f"validation loss {training.best_score:.1f} nats at epoch {training.best_epoch} of "
        f"{len(history)} → {relative(folder)}/model"
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
