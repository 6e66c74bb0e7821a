"""What the run of a network tells in MLflow, from the files of its stages."""

from pathlib import Path

from pipelines.figures.dataset import read_figure_set
from stages import record
from stages.command import read_input
from stages.figures import served_model
from stages.layout import figures_dataset, results
from stages.logged_model import ServedModel
from stages.ranking import RANKINGS
from stages.run import Run
from stages.training import read_history, read_training

FILES = ("history.csv", "predictions.csv", "metrics.json", "scores.json")
LEADERBOARD = {
    "accuracy": "headline/accuracy",
    "cross-entropy": "test/cross_entropy",
    "layers": "layers",
    "output": "output",
    "loss": "loss",
    "initialization": "initialization",
    "penalty": "regularization.name",
    "figures": "data.count",
}


def record_training(run: Run, variant: str) -> None:
    """Tell a run of the training of its network."""
    folder = results("figures", variant)
    dataset = read_input(read_training, folder).parameters["dataset"]
    test = read_input(read_figure_set, figures_dataset(dataset)).test
    served = ServedModel(
        code=Path(served_model.__file__),
        signature=served_model.signature(test.images[0].shape),
        example=test.images[:2],
        requirements=("mlflow", "numpy", "pandas", "scikit-learn", "scipy"),
    )
    record.record_training(run, folder, served)


def record_evaluation(run: Run, variant: str) -> None:
    """Tell a run how its network did on figures that it has not seen."""
    folder = results("figures", variant)
    record.record_evaluation(run, folder, FILES, description(folder))
    run.rank(RANKINGS["figures"], ["dataset"], LEADERBOARD)


def description(folder: Path) -> str:
    """Say in Markdown what the MLflow UI shows of a run first."""
    test = record.read_scores(folder / "scores.json")["test"]
    parameters = read_training(folder).parameters
    hidden = [layer["width"] for layer in parameters["layers"]]
    widths = [parameters["data"]["size"] ** 2, *hidden, len(test["recall"])]
    hardest = min(test["recall"], key=test["recall"].get)
    return (
        f"**Test accuracy {test['accuracy']:.3f}** of a {'-'.join(map(str, widths))} network after "
        f"{len(read_history(folder))} epochs. Hardest class: {hardest}, of which it finds "
        f"{test['recall'][hardest]:.0%}."
    )
