"""Pipeline `figures`: networks from scratch that classify generated figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.figures.metrics import ACCURACY_CI_LOW, CROSS_ENTROPY, METRICS
from stages.outputs.ranking import Ranking
from stages.outputs.training import Training
from stages.paths import figures_dataset
from stages.runner.pipeline import Pipeline, Section

if TYPE_CHECKING:
    from stages.tracking.log_results import RunContent
    from stages.tracking.model import ServedModel


def describe_run(test: Mapping[str, Any], training: Training) -> str:
    """Return a description of a run in Markdown."""
    parameters = training.parameters
    pixels, classes = parameters["data"]["size"] ** 2, len(test["recall"])
    layers = [str(pixels), *filter(None, map(layer_name, parameters["layers"])), str(classes)]
    hardest = min(test["recall"], key=test["recall"].get)
    return (
        f"**Test accuracy {test['accuracy']:.3f}** of a {'-'.join(layers)} network with "
        f"{training.metrics['parameters']:,.0f} parameters. "
        f"Hardest class: {hardest}, with a recall of {test['recall'][hardest]:.0%}."
    )


def layer_name(layer: Mapping[str, Any]) -> str:
    """Return the short name of a hidden layer.

    A dense layer is named by its width. `8C5P2` is a convolution with 8 filters of 5×5 pixels and
    2×2 max pooling.
    """
    if "filters" in layer:
        pool = f"P{layer['pool']}" if layer["pool"] > 1 else ""
        return f"{layer['filters']}C{layer['kernel']}{pool}"
    return str(layer.get("width", ""))


def served(training: Training) -> "ServedModel":
    """Return the MLflow model of a network, with two test figures as input example."""
    from pipelines.figures.data.dataset import read_figure_set
    from stages.errors import read_input
    from stages.figures import serving
    from stages.tracking.model import ServedModel

    images = read_input(
        read_figure_set, figures_dataset(training.parameters["dataset"])
    ).test.images
    return ServedModel(
        code=Path(serving.__file__),
        signature=serving.signature(images[0].shape),
        example=images[:2],
        requirements=("mlflow", "numpy", "pandas", "scikit-learn", "scipy"),
    )


def content() -> "RunContent":
    """Return the content of a network's MLflow run."""
    from stages.tracking.log_results import RunContent

    files = ("history.csv", "predictions.csv", "metrics.json", "scores.json")
    return RunContent(describe_run, files, served)


PIPELINE = Pipeline(
    name="figures",
    variants=lambda params: params.figures.models,
    metrics=METRICS,
    ranking=Ranking(ACCURACY_CI_LOW, CROSS_ENTROPY),
    content=content,
    tasks=("dataset",),
    compared_parameters=("layers", "output", "loss", "initialization"),
    section=Section(
        purpose="A network from scratch classifies noisy crosses, circles and lines.",
        describe=lambda network: [f"trained on {network.dataset}"],
        plots={
            "figures/{best}/plots/figures.png": "Test figures of the data set of {best}",
            "figures/{best}/plots/mistakes.png": "Test figures that {best} misclassifies",
            "figures/{best}/plots/confusion_matrix.png": "Confusion matrix of {best} on the test "
            "split",
        },
    ),
)
