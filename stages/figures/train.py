"""Stage `figures-train@variant`: train a network from scratch."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipelines.figures import network
from pipelines.figures.classifier import NetworkClassifier
from pipelines.figures.data.dataset import read_figure_set
from stages.errors import read_input
from stages.outputs.training import Data, best_epoch
from stages.params import Params
from stages.params.figures import Convolution, Dense, Dropout, Layer, Network
from stages.paths import figures_dataset
from stages.runner.command import run_variant
from stages.runner.train_variant import OnEpoch, Trained, train_variant


def train(params: Params, variant: str) -> str:
    """Train the variant with each of its seeds."""
    settings = params.figures.models[variant]
    file = figures_dataset(settings.dataset)
    figures = read_input(read_figure_set, file)

    def train_once(seed: int, _checkpoints: Path, on_epoch: OnEpoch) -> Trained:
        classifier = make_classifier(settings, seed, figures.train.images.shape[1:]).fit(
            figures.train.pixels,
            figures.train.labels,
            validation=(figures.validation.pixels, figures.validation.labels),
            test=(figures.test.pixels, figures.test.labels),  # for the loss curves
            on_epoch=on_epoch,
        )
        history = pd.DataFrame(classifier.history_)
        accuracy = history["validation/accuracy"][classifier.best_epoch_ - 1]
        message = (
            f"validation accuracy {accuracy:.3f} at epoch {classifier.best_epoch_} "
            f"of {classifier.n_iter_}"
        )
        metrics = best_epoch(history) | {"parameters": classifier.network_.vector.size}
        return Trained(classifier.save, history, metrics, message)

    data = Data.of(settings.dataset, file, figures.train.images)
    context = {"data": params.figures.datasets[settings.dataset].model_dump()}
    return train_variant("figures-train", params, variant, settings, data, train_once, context)


def make_classifier(settings: Network, seed: int, shape: Sequence[int]) -> NetworkClassifier:
    """Return an untrained estimator.

    Args:
        settings: Parameters of the variant.
        seed: Seed of the training run.
        shape: Height and width of a figure, in pixels.
    """
    takes_images = any(isinstance(layer, Convolution) for layer in settings.layers)
    return NetworkClassifier(
        layers=tuple(each for layer in settings.layers for each in make_layers(layer)),
        image_shape=(*shape, 1) if takes_images else None,
        output=settings.output,
        softmax=settings.softmax,
        loss=settings.loss,
        initialization=settings.initialization,
        optimizer=settings.optimizer.name,
        **settings.optimizer.model_dump(exclude={"name"}),
        schedule=settings.schedule,
        clip_norm=settings.clip_norm,
        regularization=settings.regularization and settings.regularization.name,
        regularization_rate=settings.regularization.rate if settings.regularization else 0.0,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        patience=settings.patience,
        dtype=settings.precision,
        random_state=seed,
        verbose=True,
    )


def make_layers(layer: Layer) -> list[tuple[int, str] | network.Layer]:
    """Convert a hidden layer of params.yaml to layers of the library."""
    match layer:
        case Dense():
            return [(layer.width, layer.activation)]
        case Dropout():
            return [network.Dropout(layer.dropout)]
        case Convolution():
            pool = [network.MaxPool2d(layer.pool)] if layer.pool > 1 else []
            convolution = network.Conv2d(layer.filters, layer.kernel)
            return [convolution, *pool, network.Activation(layer.activation)]


if __name__ == "__main__":
    run_variant("figures-train", train, lambda params: params.figures.models)
