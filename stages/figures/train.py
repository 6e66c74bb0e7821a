"""Stage `figures-train@variant`: train a network from scratch on its figures."""

from pathlib import Path

import pandas as pd

from pipelines.figures.classifier import NetworkClassifier
from pipelines.figures.data.dataset import read_figure_set
from stages.errors import read_input
from stages.outputs.training import Data, best_epoch
from stages.params import Params
from stages.params.figures import Network
from stages.paths import figures_dataset
from stages.runner.command import run_variant
from stages.runner.train_variant import OnEpoch, Trained, train_variant


def train(params: Params, variant: str) -> str:
    """Train the variant from each of its seeds."""
    settings = params.figures.networks[variant]
    file = figures_dataset(settings.dataset)
    figures = read_input(read_figure_set, file)

    def train_once(seed: int, _checkpoints: Path, on_epoch: OnEpoch) -> Trained:
        classifier = make_classifier(settings, seed).fit(
            figures.train.pixels,
            figures.train.labels,
            validation=(figures.validation.pixels, figures.validation.labels),
            test=(figures.test.pixels, figures.test.labels),  # for the picture of the curves
            on_epoch=on_epoch,
        )
        history = pd.DataFrame(classifier.history_)
        accuracy = history["validation/accuracy"][classifier.best_epoch_ - 1]
        message = (
            f"validation accuracy {accuracy:.3f} with the weights of epoch "
            f"{classifier.best_epoch_} of {classifier.n_iter_}"
        )
        return Trained(classifier.save, history, best_epoch(history), message)

    data = Data.of(settings.dataset, file, figures.train.images)
    context = {"data": params.figures.datasets[settings.dataset].model_dump()}
    return train_variant("figures-train", params, variant, settings, data, train_once, context)


def make_classifier(settings: Network, seed: int) -> NetworkClassifier:
    """Return the untrained estimator that a variant's parameters describe."""
    return NetworkClassifier(
        layers=tuple((layer.width, layer.activation) for layer in settings.layers),
        output=settings.output,
        softmax=settings.softmax,
        loss=settings.loss,
        initialization=settings.initialization,
        optimizer=settings.optimizer.name,
        **settings.optimizer.model_dump(exclude={"name"}),
        regularization=settings.regularization and settings.regularization.name,
        regularization_rate=settings.regularization.rate if settings.regularization else 0.0,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        patience=settings.patience,
        dtype=settings.precision,
        random_state=seed,
        verbose=True,
    )


if __name__ == "__main__":
    run_variant("figures-train", train, lambda params: params.figures.networks)
