"""The experiment's description in MLflow: which variant stands where, and what sets them apart."""

from collections.abc import Mapping, Sequence

import mlflow
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from stages.ranking import Ranking

_HEADLINES = "headline/"


def write_leaderboard(
    experiment: str, ranking: Ranking, tasks: Sequence[str], columns: Mapping[str, str]
) -> None:
    """Describe an experiment by a table of the latest run of every variant, task by task.

    Args:
        experiment: id of the experiment.
        ranking: what ranks the runs; runs without its metric are left out.
        tasks: parameters that name what was asked of a variant; ranks compare only between
            variants that agree in all of them.
        columns: further columns: title, and the metric or parameter that fills it.
    """
    client = mlflow.MlflowClient()
    metric = _HEADLINES + ranking.metric
    latest: dict[str, Run] = {}
    for run in client.search_runs([experiment], order_by=["attributes.start_time DESC"]):
        repeated = MLFLOW_PARENT_RUN_ID in run.data.tags  # from one more seed
        if metric in run.data.metrics and not repeated:
            latest.setdefault(_name(run), run)
    ranked = sorted(
        latest.items(),
        key=lambda item: (
            _asked_of(item[1], tasks),
            ranking.key(item[1].data.metrics, _HEADLINES),
        ),
    )
    lines = [f"| {' | '.join([*tasks, 'variant', ranking.metric, *columns])} |"]
    lines.append("|---" * (len(tasks) + len(columns) + 2) + "|")
    winners: dict[tuple[str, ...], str] = {}
    for name, run in ranked:
        value, where = f"{run.data.metrics[metric]:.4g}", _asked_of(run, tasks)
        shown = name if where in winners else f"**{name}**"
        winners.setdefault(where, f"{', '.join(where)}: {shown} {value}")
        cells = [*where, shown, value, *(_cell(run, key) for key in columns.values())]
        lines.append(f"| {' | '.join(cells)} |")
    summary = (
        f"Best by {ranking.title} (the {ranking.better} the better), "
        f"for each {', '.join(tasks)}: {'; '.join(winners.values())}."
    )
    lines = [summary, "", *lines]
    client.set_experiment_tag(experiment, "mlflow.note.content", "\n".join(lines))


def _name(run: Run) -> str:
    experiment = run.data.tags.get("dvc_experiment")
    return f"{run.info.run_name} ({experiment})" if experiment else run.info.run_name


def _asked_of(run: Run, tasks: Sequence[str]) -> tuple[str, ...]:
    return tuple(run.data.params.get(task, "–") for task in tasks)


def _cell(run: Run, key: str) -> str:
    if key in run.data.metrics:
        return f"{run.data.metrics[key]:.4g}"
    return run.data.params.get(key, "–")
