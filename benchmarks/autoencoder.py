"""Training speed of the default variational autoencoder beside Pythae's trainer and a bare loop.

    python -m benchmarks.autoencoder [--rounds 7] [--images 6400] [--epochs 2]

All train the network of the model `vae` in params.yaml in float32 with AdamW on the same images.
Each image is binarized again at every use. Four trainers are timed:

- this project: a call of `train_autoencoder`, which validates and writes checkpoints;
- Pythae: a call of `BaseTrainer.train` with PyTorch's own layers, Pythae's binary cross-entropy and
  its default DataLoader, and a scheduler that steps once an epoch;
- Pythae, tuned: the same with fused AdamW and this project's last layer, which is computed as a
  product and a sum;
- bare loop: plain PyTorch over batches of indices, without schedule, validation or checkpoints.

They take turns, each in a process of its own, so that other load on the machine affects them alike.

Only this benchmark needs Pythae: `pip install pythae==0.1.2` in an environment of its own.
"""

import argparse
import importlib.util
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
from torch import nn

from benchmarks.record import write_record
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
    """Return a training by this project, with a checkpoint after every epoch."""

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
        latent = settings.architecture.latent_dim
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
    """Return a training by plain PyTorch, the lower bound of the cost."""
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
                log_likelihood, kl = lower_bound(network, pixel_values(training[rows], "dynamic"))
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
    """Return the images for training and for validation."""
    held_out = round(settings.validation_fraction * len(images))
    return images[:-held_out], images[-held_out:]


def prepare(name: str, settings: AutoencoderSettings, count: int) -> None:
    """Repeat the images up to the count and warm the trainer up, in its own process."""
    images = np.resize(small_digits().train_images, (count, 28, 28))
    prepared[name] = COMPETITORS[name](images, settings)
    prepared[name]()


def seconds(name: str) -> float:
    """Return the CPU time of the training, in its own process."""
    start = time.process_time()
    prepared[name]()
    return time.process_time() - start


def main() -> None:
    """Time every trainer and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each competitor")
    parser.add_argument("--images", type=int, default=6_400, help="images of an epoch")
    parser.add_argument("--epochs", type=int, default=2, help="epochs of a training")
    arguments = parser.parse_args()
    if importlib.util.find_spec("pythae") is None:
        sys.exit("Pythae is missing: pip install pythae==0.1.2, for this benchmark alone")
    settings = replace(
        load_params().digits.models[VARIANT].as_settings(AutoencoderSettings),
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

    trained_images = arguments.epochs * round((1 - settings.validation_fraction) * arguments.images)
    speeds = {name: sorted(trained_images / each for each in times[name]) for name in COMPETITORS}
    ours = median(speeds["this project"])
    write_record(
        "autoencoder",
        columns=("trainer", "images/s, median", "slowest", "fastest", "speed of this project"),
        rows=[
            [
                name,
                *(f"{speed:,.0f}" for speed in (median(measured), measured[0], measured[-1])),
                f"{ours / median(measured):.2f} ×",
            ]
            for name, measured in speeds.items()
        ],
        packages=("torch", "lightning", "numpy", "pythae"),
        notes=[
            f"Training of {VARIANT} on one core with batches of {settings.batch_size}, "
            f"{arguments.images:,} images, {arguments.epochs} epochs, {arguments.rounds} rounds."
        ],
    )


if __name__ == "__main__":
    main()
