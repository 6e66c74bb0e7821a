"""Stage `figures-evaluate@variant`: judge a trained network on figures it has never seen."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.classification import ClassificationScores, classification_scores
from pipelines.figures.classifier import NetworkClassifier
from pipelines.figures.dataset import Figures, read_figure_set
from pipelines.figures.drawing import CLASSES
from pipelines.figures.network_drawing import network_drawing
from pipelines.figures.plots import first_layer_weights, misclassified_figures, sample_figures
from pipelines.pictures import confusion_matrix, loss_curves, save_picture
from stages.command import read_input, relative, run_variant
from stages.figures.record import record_evaluation, record_training
from stages.layout import figures_dataset, results
from stages.outputs import json_writer, write_outputs
from stages.params import Params
from stages.tracking import continued_run
from stages.training import over_seeds, read_history, read_training, trainings_of

HEADLINES = ("accuracy", "accuracy_low", "cross_entropy", "loss")


def evaluate(params: Params, variant: str) -> str:
    """Score the variant on its test split; write metrics, predictions and pictures."""
    folder = results("figures", variant)
    test = read_input(
        read_figure_set, figures_dataset(params.figures.networks[variant].dataset)
    ).test
    training = read_input(read_training, folder)
    history = read_input(read_history, folder).reset_index()
    places = read_input(trainings_of, folder)
    classifiers = {
        seed: read_input(NetworkClassifier.load, place / "model") for seed, place in places.items()
    }
    by_seed = {seed: judge(classifier, test) for seed, classifier in classifiers.items()}
    classifier, metrics = classifiers[training.seed], by_seed[training.seed]
    beliefs = classifier.predict_proba(test.pixels)
    scores = classification_scores(test.labels, beliefs, CLASSES)
    headlines = {seed: {name: found[name] for name in HEADLINES} for seed, found in by_seed.items()}

    with continued_run("figures", variant, training.seed, training.fingerprint) as run:
        told = {"test": headlines[training.seed], **over_seeds(headlines.values())}
        write_outputs(
            folder,
            {
                "plots": lambda draft: draw_pictures(
                    draft, variant, classifier, history, test, beliefs, scores
                ),
                "predictions.csv": lambda draft: predictions(test.labels, beliefs).to_csv(
                    draft, index=False
                ),
                "scores.json": json_writer({"test": metrics, "by_seed": headlines}),
                "metrics.json": json_writer(told),
            },
        )
        if not run.has_training:
            record_training(run, variant)
        record_evaluation(run, variant)
    return (
        f"test accuracy {scores.accuracy:.3f} on {len(test.labels):,} figures "
        f"→ {relative(folder)}/metrics.json"
    )


def judge(classifier: NetworkClassifier, test: Figures) -> dict[str, float | dict[str, float]]:
    """Score a network on test figures."""
    scores = classification_scores(test.labels, classifier.predict_proba(test.pixels), CLASSES)
    # Losses differ from variant to variant; the cross-entropy of the beliefs compares them.
    return scores.to_metrics() | {
        "loss": classifier.evaluate(test.pixels, test.labels).loss,
        "cross_entropy": scores.loss,
    }


def draw_pictures(
    folder: Path,
    variant: str,
    classifier: NetworkClassifier,
    history: pd.DataFrame,
    test: Figures,
    beliefs: np.ndarray,
    scores: ClassificationScores,
) -> None:
    """Draw every picture of a variant into a folder."""
    folder.mkdir()
    network = classifier.network_
    weights = [layer.T for layer in network.parameters.weights]  # [inputs, units], as drawn
    activations = [name for names in network.chain for name in names]
    units = None if classifier.layers else CLASSES
    pictures = {
        "figures": sample_figures(test.images, test.labels),
        "loss_curves": loss_curves(history, f"Training {variant}"),
        "confusion_matrix": confusion_matrix(scores.confusion, CLASSES, f"Test figures, {variant}"),
        "first_layer_weights": first_layer_weights(weights[0], test.images.shape[1], units),
        "network": network_drawing(network.parameters.widths, activations, weights),
        "mistakes": misclassified_figures(test.images, test.labels, beliefs),
    }
    for name, picture in pictures.items():
        save_picture(picture, folder / f"{name}.png")


def predictions(labels: np.ndarray, beliefs: np.ndarray) -> pd.DataFrame:
    """Tabulate what the network believed of each test figure."""
    names = np.array(CLASSES)
    table = pd.DataFrame(beliefs.round(6), columns=list(CLASSES))
    table.insert(0, "predicted", names[beliefs.argmax(axis=1)])
    table.insert(0, "actual", names[labels])
    return table.rename_axis("index").reset_index()


if __name__ == "__main__":
    run_variant("figures-evaluate", evaluate, lambda params: params.figures.networks)
