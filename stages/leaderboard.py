"""The experiment's description in MLflow: which variant stands where, and what sets them apart."""

from collections.abc import Mapping

import mlflow
from mlflow.entities import Run


def write_leaderboard(
    experiment: str, metric: str, task: str, tie_break: str, columns: Mapping[str, str]
) -> None:
    """Describe an experiment by a table of the latest run of every variant, task by task.

    Args:
        experiment: id of the experiment.
        metric: what ranks the runs, the larger the better; runs without it are left out.
        task: parameter that names what was asked of a variant; only within it do ranks compare.
        tie_break: metric that decides between equals, the smaller the better.
        columns: further columns: title, and the metric or parameter that fills it.
    """
    client = mlflow.MlflowClient()
    latest: dict[str, Run] = {}
    for run in client.search_runs([experiment], order_by=["attributes.start_time DESC"]):
        if metric in run.data.metrics:
            latest.setdefault(_name(run), run)
    ranked = sorted(
        latest.items(),
        key=lambda item: (
            item[1].data.params.get(task, ""),
            -item[1].data.metrics[metric],
            item[1].data.metrics.get(tie_break, 0.0),
        ),
    )
    lines = [f"| {task} | variant | {metric} | {' | '.join(columns)} |"]
    lines.append("|---" * (len(columns) + 3) + "|")
    winners: dict[str, str] = {}
    for name, run in ranked:
        value, where = run.data.metrics[metric], run.data.params.get(task, "–")
        shown = name if where in winners else f"**{name}**"
        winners.setdefault(where, f"{where}: {shown} {value:.3f}")
        cells = [_cell(run, key) for key in columns.values()]
        lines.append(f"| {where} | {shown} | {value:.4f} | {' | '.join(cells)} |")
    summary = f"Best {metric} by {task}: {', '.join(winners.values())}."
    lines = [summary, "", *lines]
    client.set_experiment_tag(experiment, "mlflow.note.content", "\n".join(lines))


def _name(run: Run) -> str:
    experiment = run.data.tags.get("dvc_experiment")
    return f"{run.info.run_name} ({experiment})" if experiment else run.info.run_name


def _cell(run: Run, key: str) -> str:
    if key in run.data.metrics:
        return f"{run.data.metrics[key]:.4g}"
    return run.data.params.get(key, "–")
