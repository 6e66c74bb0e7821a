"""The experiment's description in MLflow: a table of the latest run of every variant."""

from collections.abc import Sequence

import mlflow
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from stages.outputs.metrics import MISSING, Metric
from stages.outputs.ranking import Ranking
from stages.tracking.runs import LOGGED_AT
from stages.tracking.store import experiment_id

_SUMMARY = "summary/"
_MOST_LINES = 52  # MLflow accepts 20,000 characters


def write_leaderboard(
    pipeline: str,
    ranking: Ranking,
    metrics: Sequence[Metric],
    tasks: Sequence[str],
    parameters: Sequence[str],
) -> None:
    """Describe an experiment by a table of the latest run of every variant, task by task.

    Args:
        pipeline: name of the experiment.
        ranking: of the runs; those without its metric are left out.
        metrics: further columns.
        tasks: parameters that name the task of a variant; only variants of equal tasks compare.
        parameters: further columns.
    """
    experiment, metric = experiment_id(pipeline), ranking.metric
    latest: dict[str, Run] = {}
    order = [f"tags.{LOGGED_AT} DESC"]
    for run in mlflow.search_runs([experiment], order_by=order, output_format="list"):
        is_child = MLFLOW_PARENT_RUN_ID in run.data.tags
        if _SUMMARY + metric.name in run.data.metrics and not is_child:
            latest.setdefault(_name(run), run)

    def task(run: Run) -> tuple[str, ...]:
        return tuple(run.data.params.get(name, MISSING) for name in tasks)

    ranked = sorted(
        latest.items(),
        key=lambda each: (task(each[1]), ranking.key(each[1].data.metrics, _SUMMARY)),
    )
    others = [each for each in metrics if each is not metric]
    titles = [*tasks, "variant", *(each.title for each in [metric, *others]), *parameters]
    rows, winners = [], {}
    for name, run in ranked:
        wins = winners.setdefault(task(run), name) == name
        numbers = [
            each.text(run.data.metrics.get(_SUMMARY + each.name)) for each in [metric, *others]
        ]
        settings = [run.data.params.get(key, MISSING) for key in parameters]
        rows.append([*task(run), f"**{name}**" if wins else name, *numbers, *settings])
    table = [titles, ["---"] * len(titles), *rows]
    lines = [f"Ranked by {metric.title}: {metric.note or metric.better}.", ""]
    lines += [f"| {' | '.join(cells)} |" for cells in table[:_MOST_LINES]]
    text = "\n".join(lines)
    mlflow.MlflowClient().set_experiment_tag(experiment, "mlflow.note.content", text)


def _name(run: Run) -> str:
    experiment = run.data.tags.get("dvc_experiment")
    return f"{run.info.run_name} ({experiment})" if experiment else run.info.run_name
