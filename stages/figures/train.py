"""Stage `figures-train@variant`: train a network from scratch on its figures."""

from pathlib import Path

import pandas as pd

from pipelines.figures.classifier import NetworkClassifier
from pipelines.figures.dataset import read_figure_set
from stages.command import in_one_line, read_input, relative, run_variant
from stages.figures import served_model
from stages.figures.params import Network
from stages.layout import figures_dataset, results
from stages.outputs import fingerprint, whole, write_json
from stages.params import Params
from stages.seed import stage_seed
from stages.tracking import new_run


def train(params: Params, variant: str) -> str:
    """Train the variant; write its model, its history and what its run is found by."""
    settings = params.figures.networks[variant]
    data_file = figures_dataset(settings.dataset)
    figures = read_input(read_figure_set, data_file)
    seed = stage_seed(params.seed, f"figures-train@{variant}")
    key = fingerprint({"seed": seed, **settings.model_dump()}, [data_file])
    folder = results("figures", variant)
    classifier = make_classifier(settings, seed)

    with new_run("figures", variant, params.seed, key) as run:
        data_settings = params.figures.datasets[settings.dataset].model_dump()
        run.log_parameters({**settings.model_dump(), "data": data_settings})
        run.log_data(settings.dataset, data_file, figures.train.images, figures.train.labels)
        with in_one_line(ValueError):
            classifier.fit(
                figures.train.pixels,
                figures.train.labels,
                validation=(figures.validation.pixels, figures.validation.labels),
                test=(figures.test.pixels, figures.test.labels),
                # The curve over the test figures is for the picture; nobody shall choose by it.
                on_epoch=lambda epoch, row: run.log_epoch(
                    epoch, {name: value for name, value in row.items() if "test/" not in name}
                ),
            )
        history = pd.DataFrame(classifier.history_)
        with whole(folder / "model") as draft:
            classifier.save(draft)
        with whole(folder / "history.csv") as draft:
            history.to_csv(draft, index=False)
        write_json(folder / "run.json", {"fingerprint": key})
        best = history.loc[history["validation/loss"].idxmin()].drop(["test/loss", "test/accuracy"])
        run.log_metrics(best.add_prefix("best/"))
        run.log_model(
            Path(served_model.__file__),
            folder / "model",
            served_model.signature(figures.test.images[0].shape),
            figures.test.images[:2],
        )
        run.mark_as_trained()
    kept = history.set_index("epoch").loc[classifier.best_epoch_]
    return (
        f"validation accuracy {kept['validation/accuracy']:.3f} with the weights of epoch "
        f"{classifier.best_epoch_} of {len(history)} → {relative(folder)}/model"
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
