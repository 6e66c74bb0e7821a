"""Training speed of the default variational autoencoder beside Pythae's trainer and a bare loop.

    python -m benchmarks.autoencoder [--rounds 7] [--images 6400] [--epochs 2] [--json results.json]

All train the network of the variant `vae` in params.yaml, on the same images, in float32, with
AdamW and the variant's batch size, each image binarised anew at every use. What is timed is a call
of `train_autoencoder`, or of Pythae's `BaseTrainer.train`, both with one cycle of learning rate and
the variant's share of validation images; or a loop of plain PyTorch over batches of indices that
schedules, validates, records and saves nothing, the least that the network costs.

Pythae gets the images as the floats that it takes and the network of PyTorch's own layers, its loss
is its own binary cross-entropy after a sigmoid, and whatever has not been named is as it comes: its
DataLoader collates image by image, and its scheduler steps once an epoch. A further row gives it
what this project uses: PyTorch's fused AdamW, and a last layer computed as a product and a sum.
They take turns, each in a process of its own, so that what else the machine does strikes them
alike, and each one's median counts.

Pythae is needed for nothing else: `pip install pythae==0.1.2`, in an environment of its own.
"""

import argparse
import importlib.util
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from torch import nn

from pipelines.digits.data.mnist import small_digits
from pipelines.digits.data.stacking import pixel_values
from pipelines.digits.models.autoencoder_training import train_autoencoder
from pipelines.digits.models.settings import AutoencoderSettings
from pipelines.digits.models.variational import VariationalAutoencoder, lower_bound
from stages.params import load_params

VARIANT = "vae"
SEED = 0

Training = Callable[[], object]


def this_project(images: NDArray[np.uint8], settings: AutoencoderSettings) -> Training:
    """Return a training by this project, checkpoints after every epoch included."""

    def train() -> None:
        with tempfile.TemporaryDirectory() as folder:
            train_autoencoder(
                images, settings, seed=SEED, device="cpu", checkpoint_folder=Path(folder)
            )

    return train


def pythae(
    images: NDArray[np.uint8], settings: AutoencoderSettings, tuned: bool = False
) -> Training:
    """Return a training by Pythae, which saves the best network at the end."""
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    logging.disable(logging.INFO)

    class Encoder(BaseEncoder):
        def __init__(self, network: VariationalAutoencoder) -> None:
            super().__init__()
            self.layers = network.encoder

        def forward(self, x: torch.Tensor) -> ModelOutput:
            mean, log_variance = self.layers(x).chunk(2, dim=1)
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    class Decoder(BaseDecoder):
        def __init__(self, network: VariationalAutoencoder) -> None:
            super().__init__()
            self.layers = network.decoder

        def forward(self, z: torch.Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.layers(z).sigmoid())

    class Binarising(VAE):
        def forward(self, inputs: BaseDataset, **kwargs: object) -> ModelOutput:
            return super().forward({"data": torch.bernoulli(inputs["data"])}, **kwargs)

    parts = []
    for part in split(images, settings):
        pixels = torch.from_numpy(part).unsqueeze(1).float() / 255
        parts.append(BaseDataset(pixels, torch.ones(len(pixels))))

    def train() -> None:
        network = VariationalAutoencoder(settings.architecture)
        if not tuned:
            network.decoder[-1] = pytorchs_own(network.decoder[-1])
        latent = settings.architecture.latent
        configuration = VAEConfig((1, 28, 28), latent_dim=latent, reconstruction_loss="bce")
        with tempfile.TemporaryDirectory() as folder:
            training_configuration = BaseTrainerConfig(
                output_dir=folder,
                per_device_train_batch_size=settings.batch_size,
                per_device_eval_batch_size=1000,
                num_epochs=settings.epochs,
                learning_rate=settings.learning_rate,
                optimizer_cls="AdamW",
                optimizer_params={"weight_decay": settings.weight_decay, "fused": tuned},
                scheduler_cls="OneCycleLR",
                scheduler_params={
                    "max_lr": settings.learning_rate,
                    "total_steps": settings.epochs,
                    "cycle_momentum": False,
                },
                no_cuda=True,
            )
            model = Binarising(configuration, Encoder(network), Decoder(network))
            BaseTrainer(model, *parts, training_config=training_configuration).train()

    return train


def pytorchs_own(layer: nn.ConvTranspose2d) -> nn.ConvTranspose2d:
    """Return the transposed convolution as PyTorch computes it."""
    sizes = (layer.in_channels, layer.out_channels, layer.kernel_size)
    own = nn.ConvTranspose2d(*sizes, stride=layer.stride, padding=layer.padding)
    own.load_state_dict(layer.state_dict())
    return own.to(memory_format=torch.channels_last)


def bare_loop(images: NDArray[np.uint8], settings: AutoencoderSettings) -> Training:
    """Return a training by plain PyTorch, the least that the network costs."""
    training = torch.from_numpy(split(images, settings)[0]).unsqueeze(1)

    def train() -> None:
        network = VariationalAutoencoder(settings.architecture)
        optimizer = torch.optim.AdamW(
            network.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        for _ in range(settings.epochs):
            for rows in torch.randperm(len(training)).split(settings.batch_size):
                log_likelihood, kl = lower_bound(network, pixel_values(training[rows], "bernoulli"))
                optimizer.zero_grad()
                (kl - log_likelihood).mean().backward()
                optimizer.step()

    return train


COMPETITORS = {
    "this project": this_project,
    "Pythae": pythae,
    "Pythae, tuned": partial(pythae, tuned=True),
    "bare loop": bare_loop,
}

prepared: dict[str, Training] = {}


def split(
    images: NDArray[np.uint8], settings: AutoencoderSettings
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the images to train and to validate with."""
    held_out = round(settings.validation_fraction * len(images))
    return images[:-held_out], images[-held_out:]


def prepare(name: str, settings: AutoencoderSettings, count: int) -> None:
    """Enlarge the images' number, and warm the competitor up, in its own process."""
    images = np.resize(small_digits().train_images, (count, 28, 28))
    prepared[name] = COMPETITORS[name](images, settings)
    prepared[name]()


def seconds(name: str) -> float:
    """Return how long the competitor's training takes, in its own process."""
    start = time.perf_counter()
    prepared[name]()
    return time.perf_counter() - start


def main() -> None:
    """Measure all, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each competitor")
    parser.add_argument("--images", type=int, default=6_400, help="images of an epoch")
    parser.add_argument("--epochs", type=int, default=2, help="epochs of a training")
    parser.add_argument("--json", type=Path, help="file to write the speeds to")
    arguments = parser.parse_args()
    if importlib.util.find_spec("pythae") is None:
        sys.exit("Pythae is missing: pip install pythae==0.1.2, for this benchmark alone")
    settings = replace(
        load_params().digits.autoencoders[VARIANT].as_settings(AutoencoderSettings),
        epochs=arguments.epochs,
    )
    os.environ["TQDM_DISABLE"] = "1"  # Pythae's progress bars
    times: dict[str, list[float]] = {name: [] for name in COMPETITORS}
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(ProcessPoolExecutor(1, get_context("spawn")))
            for name in COMPETITORS
        }
        for name, process in processes.items():
            process.submit(prepare, name, settings, arguments.images).result()
        for _ in range(arguments.rounds):
            for name, process in processes.items():
                times[name].append(process.submit(seconds, name).result())

    learnt = arguments.epochs * round((1 - settings.validation_fraction) * arguments.images)
    speeds = {name: sorted(learnt / each for each in times[name]) for name in COMPETITORS}
    table = Table(
        title=f"Training of {VARIANT}, batch {settings.batch_size}, threads "
        f"{torch.get_num_threads()}: images per second"
    )
    table.add_column("trainer")
    for column in ("median", "slowest", "fastest", "this project is"):
        table.add_column(column, justify="right")
    ours = median(speeds["this project"])
    for name, measured in speeds.items():
        numbers = (median(measured), measured[0], measured[-1])
        table.add_row(
            name, *(f"{number:,.0f}" for number in numbers), f"{ours / numbers[0]:.2f} × as fast"
        )
    Console(width=110).print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(speeds, indent=2) + "\n")


if __name__ == "__main__":
    main()
