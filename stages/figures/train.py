"""Stage `figures-train@variant`: train a network from scratch on its figures."""

from pathlib import Path

import pandas as pd

from pipelines.figures.classifier import NetworkClassifier
from pipelines.figures.dataset import FigureSet, read_figure_set
from stages.command import in_one_line, read_input, relative, run_variant
from stages.figures.params import Network
from stages.figures.record import record_training
from stages.layout import figures_dataset, results
from stages.outputs import fingerprint, write_outputs
from stages.params import Params
from stages.seed import stage_seed
from stages.tracking import new_run
from stages.training import (
    Data,
    OnEpoch,
    Training,
    best_epoch,
    ignored,
    train_from,
    training_outputs,
)


def train(params: Params, variant: str) -> str:
    """Train the variant from each of its seeds; write models, histories and what made them."""
    settings = params.figures.networks[variant]
    data_file = figures_dataset(settings.dataset)
    figures = read_input(read_figure_set, data_file)
    data = Data.of(settings.dataset, data_file, figures.train.images)
    shown = {**settings.settings(), "data": params.figures.datasets[settings.dataset].model_dump()}
    seeds = settings.all_seeds(params.seed)
    key = fingerprint({"seeds": seeds, **settings.settings()}, [data_file])
    folder = results("figures", variant)

    with new_run("figures", variant, seeds[0], key) as run:
        run.log_parameters(shown)
        run.log_data(data)

        def train_once(seed: int, place: Path) -> NetworkClassifier:
            own = place == folder
            classifier = make_classifier(settings, stage_seed(seed, f"figures-train@{variant}"))
            with in_one_line(ValueError):
                fit(classifier, figures, run.log_epoch if own else ignored)
            history = pd.DataFrame(classifier.history_)
            alone = fingerprint({"seeds": [seed], **settings.settings()}, [data_file])
            made = Training(key if own else alone, seed, shown, data, best_epoch(history))
            write_outputs(place, training_outputs(made, history, classifier.save))
            return classifier

        classifier = train_from(seeds, folder, train_once)
        record_training(run, variant)
    kept = classifier.history_[classifier.best_epoch_ - 1]
    return (
        f"validation accuracy {kept['validation/accuracy']:.3f} with the weights of epoch "
        f"{classifier.best_epoch_} of {classifier.n_iter_} → {relative(folder)}/model"
    )


def fit(classifier: NetworkClassifier, figures: FigureSet, on_epoch: OnEpoch) -> None:
    """Fit a network; the test figures are for the picture of its curves alone."""
    classifier.fit(
        figures.train.pixels,
        figures.train.labels,
        validation=(figures.validation.pixels, figures.validation.labels),
        test=(figures.test.pixels, figures.test.labels),
        on_epoch=on_epoch,
    )


def make_classifier(settings: Network, seed: int) -> NetworkClassifier:
    """Make the untrained estimator that a variant's parameters describe."""
    return NetworkClassifier(
        layers=tuple((layer.width, layer.activation) for layer in settings.layers),
        output=settings.output,
        softmax=settings.softmax,
        loss=settings.loss,
        initialization=settings.initialization,
        optimizer=settings.optimizer.name,
        learning_rate=settings.optimizer.learning_rate,
        momentum=getattr(settings.optimizer, "momentum", 0.0),
        regularization=settings.regularization and settings.regularization.name,
        regularization_rate=settings.regularization.rate if settings.regularization else 0.0,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        early_stopping=settings.early_stopping,
        dtype=settings.precision,
        random_state=seed,
        verbose=True,
    )


if __name__ == "__main__":
    run_variant("figures-train", train, lambda params: params.figures.networks)
