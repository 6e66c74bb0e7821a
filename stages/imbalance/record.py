"""What the run of a forecaster tells in MLflow, from the files of its stages."""

from pathlib import Path

from pipelines.imbalance.prepared import read_prepared
from stages import record
from stages.command import read_input
from stages.imbalance import served_forecaster
from stages.layout import comparison, imbalance_series, results
from stages.logged_model import ServedModel
from stages.outputs import dvc_md5
from stages.ranking import RANKINGS
from stages.run import Run

FILES = ("history.csv", "metrics.json", "scores.json")
LEADERBOARD = {
    "better than persistence": "headline/skill",
    "MAE": "test/mae",
    "CRPS": "test/crps",
    "in the 90 % interval": "test/coverage_90",
    "RMSE of one network": "one_network/rmse",
    "± its deviation": "one_network/rmse_deviation",
    "validation RMSE": "validation/rmse",
    "kind": "kind",
    "target": "target",
}


def record_training(run: Run, variant: str) -> None:
    """Tell a run of the training of its forecaster."""
    known = read_input(read_prepared, imbalance_series()).training_rows
    served = ServedModel(
        code=Path(served_forecaster.__file__),
        signature=served_forecaster.signature(),
        example=served_forecaster.example(known),
        requirements=served_forecaster.REQUIREMENTS,
    )
    record.record_training(run, results("imbalance", variant), served)


def record_evaluation(run: Run, variant: str) -> None:
    """Tell a run how its forecaster did in a time that it has not seen."""
    folder = results("imbalance", variant)
    record.record_evaluation(run, folder, FILES, description(folder))
    run.rank(RANKINGS["imbalance"], ["source"], LEADERBOARD)


def record_comparison(run: Run, variant: str) -> None:
    """Tell a run how its forecaster stands beside the others."""
    folder = comparison("imbalance")
    tests = record.read_json(folder / "metrics.json")
    run.log_metrics({"test": tests.get(variant, {})})
    run.log_files(folder / "plots", "comparison")
    run.mark_as_told(record.COMPARED, dvc_md5(folder / "metrics.json"))


def description(folder: Path) -> str:
    """Say in Markdown what the MLflow UI shows of a run first."""
    test = record.read_scores(folder / "scores.json")["test"]
    return (
        f"**RMSE {test['rmse']:.1f} MW** over two hours (95 % confidence: {test['rmse_low']:.1f} "
        f"to {test['rmse_high']:.1f}), {test['skill']:.1%} better than persistence. "
        f"{test['coverage_90']:.1%} of measurements lie in the 90 % interval."
    )
