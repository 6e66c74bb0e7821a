"""Stage `figures-evaluate@variant`: evaluate a network on the test split."""

from collections.abc import Mapping
from typing import Any

from pipelines.figures.classifier import NetworkClassifier
from pipelines.figures.data.dataset import read_figure_set
from pipelines.figures.evaluation import evaluate_classifier, prediction_table
from pipelines.figures.plots.classifier import draw_classifier
from stages.errors import read_input
from stages.figures.pipeline import PIPELINE
from stages.outputs.atomic import Writer
from stages.outputs.plots import plots_writer
from stages.params import Params
from stages.paths import figures_dataset
from stages.runner.command import run_variant
from stages.runner.evaluate_variant import Primary, evaluate_variant, training_of


def evaluate(_params: Params, variant: str) -> str:
    """Evaluate the variant and write metrics, predictions and plots."""
    parameters = training_of("figures", variant).parameters
    test = read_input(read_figure_set, figures_dataset(parameters["dataset"])).test
    centred = parameters["data"]["centred"]

    def score(classifier: NetworkClassifier) -> tuple[Mapping[str, Any], None]:
        return evaluate_classifier(classifier, test), None

    def outputs(of: Primary[NetworkClassifier, None]) -> Mapping[str, Writer]:
        table = prediction_table(of.model, test)
        figures = draw_classifier(of.variant, of.model, of.history, test, centred=centred)
        return {
            "plots": plots_writer(figures),
            "predictions.csv": lambda draft: table.to_csv(draft, index=False),
        }

    def message(scores: Mapping[str, Any]) -> str:
        return f"test accuracy {scores['accuracy']:.3f} on {len(test.labels):,} figures"

    return evaluate_variant(PIPELINE, variant, NetworkClassifier.load, score, outputs, message)


if __name__ == "__main__":
    run_variant("figures-evaluate", evaluate, PIPELINE.variants)
