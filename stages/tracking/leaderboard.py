"""The experiment's page in MLflow: a description that ranks the variants, and a view."""

from collections.abc import Sequence

import mlflow
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from stages.outputs.metrics import MISSING, Metric
from stages.outputs.ranking import Ranking
from stages.tracking.runs import LOGGED_AT
from stages.tracking.store import experiment_id
from stages.tracking.views import SUMMARY, VIEW, charts_link, compare_link, view_link, view_of

_MOST_COLUMNS = 6
_MOST_RUNS = 50  # MLflow accepts 20,000 characters


def write_leaderboard(
    pipeline: str,
    ranking: Ranking,
    metrics: Sequence[Metric],
    tasks: Sequence[str],
    parameters: Sequence[str],
) -> None:
    """Describe an experiment by the latest run of every variant, task by task, and save a view.

    Args:
        pipeline: name of the experiment.
        ranking: of the runs; those without its metric are left out.
        metrics: further columns.
        tasks: parameters that name the task of a variant; only variants of equal tasks compare.
        parameters: further columns of the view.
    """
    experiment = experiment_id(pipeline)
    runs = latest_runs(experiment, ranking)
    if not runs:
        return
    tasks = [name for name in tasks if len({run.data.params.get(name) for run in runs}) > 1]
    description = _describe(experiment, runs, ranking, metrics, tasks)
    view = view_of(runs, ranking, metrics, [*tasks, *parameters])
    client = mlflow.MlflowClient()
    client.set_experiment_tag(experiment, "mlflow.note.content", description)
    client.set_experiment_tag(experiment, VIEW, view)


def latest_runs(experiment: str, ranking: Ranking) -> list[Run]:
    """Return the latest run of every variant that has the ranking metric, the best one first.

    Args:
        experiment: its id.
        ranking: of the runs; at most 50 are returned.
    """
    latest: dict[str, Run] = {}
    order = [f"tags.`{LOGGED_AT}` DESC"]
    for run in mlflow.search_runs([experiment], order_by=order, output_format="list"):
        is_child = MLFLOW_PARENT_RUN_ID in run.data.tags
        if SUMMARY + ranking.metric.name in run.data.metrics and not is_child:
            latest.setdefault(_name(run), run)
    ranked = sorted(latest.values(), key=lambda run: ranking.key(run.data.metrics, SUMMARY))
    return ranked[:_MOST_RUNS]


def _describe(
    experiment: str,
    runs: Sequence[Run],
    ranking: Ranking,
    metrics: Sequence[Metric],
    tasks: Sequence[str],
) -> str:
    """Return the description of an experiment in Markdown."""

    def task(run: Run) -> tuple[str, ...]:
        return tuple(run.data.params.get(name, MISSING) for name in tasks)

    metric = ranking.metric
    others = [each for each in metrics if each is not metric and each.better]
    shown = [metric, *others][: _MOST_COLUMNS - 1 - len(tasks)]
    task_titles = [name.rpartition(".")[2] for name in tasks]
    titles = [*task_titles, "variant", *map(_title, shown)]
    table = [titles]
    winners: dict[tuple[str, ...], Run] = {}
    for run in sorted(runs, key=task):
        name = _name(run)
        wins = winners.setdefault(task(run), run) is run
        numbers = [each.text(run.data.metrics.get(SUMMARY + each.name)) for each in shown]
        table.append([*task(run), f"**{name}**" if wins else name, *numbers])
    header, *rows = (f"| {'&emsp;| '.join(cells)} |" for cells in table)  # the UI leaves no gap
    links = {
        "leaderboard": view_link(experiment),
        "charts": charts_link(experiment),
        "Compare": compare_link(experiment, runs),
    }
    lines = [
        f"Ranked by **{metric.title}** on the test split, where {metric.better} is better. "
        f"The best variant{' of each ' * bool(tasks)}{' and '.join(task_titles)} is bold. "
        f"Open: {', '.join(f'[{name}]({link})' for name, link in links.items())}.",
        "",
        header,
        f"|{' --- |' * len(titles)}",
        *rows,
    ]
    return "\n".join(lines)


def _title(metric: Metric) -> str:
    return f"{metric.title} ({metric.unit})" if metric.unit else metric.title


def _name(run: Run) -> str:
    experiment = run.data.tags.get("dvc_experiment")
    return f"{run.info.run_name} ({experiment})" if experiment else run.info.run_name
