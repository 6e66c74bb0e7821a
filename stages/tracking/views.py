"""A view of an experiment in the MLflow UI, shared as a tag, and the links that open it.

MLflow calls it a saved view: selected columns, order, charts. The format is that of MLflow 3.17.
"""

import base64
import json
import time
import zlib
from collections.abc import Sequence
from urllib.parse import urlencode

from mlflow.entities import Run

from stages.outputs.metrics import Metric
from stages.outputs.ranking import Ranking

_KEY = "leaderboard"

#: Tag of an experiment that holds the view.
VIEW = f"mlflow.sharedViewState.{_KEY}"

#: Prefix of the summary metrics of a run.
SUMMARY = "summary/"

#: Sections of charts that the view shows unfolded.
_OPEN_SECTIONS = ("summary", "validation", "train")


def view_of(
    runs: Sequence[Run], ranking: Ranking, metrics: Sequence[Metric], parameters: Sequence[str]
) -> str:
    """Return the text of a view that compares runs: metrics, parameters that differ, and charts.

    Args:
        runs: to compare; the best one first.
        ranking: whose metric orders the table and is the first column.
        metrics: further columns; those with a better direction have a chart.
        parameters: the first ones of those that differ between the runs.
    """
    others = [metric for metric in metrics if metric is not ranking.metric]
    others.sort(key=lambda metric: metric.better is None)
    logged = [name for run in runs for name in run.data.metrics]
    columns = [f"metrics.`{SUMMARY}{metric.name}`" for metric in [ranking.metric, *others]]
    columns += [f"params.`{name}`" for name in _differing(runs, parameters)]
    charts = [SUMMARY + metric.name for metric in [ranking.metric, *others] if metric.better]
    charts += [name for name in dict.fromkeys(logged) if name.startswith(("validation/", "train/"))]
    folded = sorted({_section(name) for name in logged} - set(_OPEN_SECTIONS))
    state = {
        "orderByKey": columns[0],
        "orderByAsc": ranking.metric.better == "lower",
        "selectedColumns": columns,
        "columnOrder": columns,
        "columnWidths": {name: 32 + 7 * len(name.partition("`")[2]) for name in columns},
        "compareRunCharts": [_chart(name) for name in charts],
        "compareRunSections": [
            *(_section_state(name, is_open=True) for name in _OPEN_SECTIONS),
            *(_section_state(name, is_open=False) for name in folded),
        ],
        "isAccordionReordered": True,  # otherwise MLflow sorts the sections
    }
    # Compressed, as a server may refuse tags of more than 5,000 characters.
    packed = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    now = int(time.time() * 1000)
    return json.dumps({"name": "Leaderboard", "createdAt": now, "state": f"deflate;{packed}"})


def view_link(experiment: str) -> str:
    """Return the link from the UI's address to the view of an experiment, given its id."""
    return _link(f"experiments/{experiment}/runs", viewStateShareKey=_KEY)


def charts_link(experiment: str) -> str:
    """Return the link from the UI's address to the charts of the view."""
    return f"{view_link(experiment)}&compareRunsMode=CHART"


def compare_link(experiment: str, runs: Sequence[Run]) -> str:
    """Return the link from the UI's address to *Compare* over runs of an experiment."""
    ids = json.dumps([run.info.run_id for run in runs], separators=(",", ":"))
    return _link("compare-runs", runs=ids, experiments=json.dumps([experiment]))


def _link(page: str, **query: str) -> str:
    """Return a link to a page with the sidebar on model training, not on conversations."""
    return f"#/{page}?{urlencode({**query, 'workflowType': 'machine_learning'})}"


def _differing(runs: Sequence[Run], first: Sequence[str]) -> list[str]:
    """Return the parameters that differ between runs; the ones named `first` lead."""
    names = dict.fromkeys([*first, *(name for run in runs for name in run.data.params)])
    return [name for name in names if len({run.data.params.get(name) for run in runs}) > 1]


def _section(metric: str) -> str:
    """Return the section that MLflow gives the chart of a metric."""
    return metric.rpartition("/")[0]


def _chart(metric: str) -> dict[str, object]:
    """Return a chart; MLflow draws a generated one with lines where there are epochs."""
    return {
        "uuid": metric,
        "type": "BAR",
        "metricKey": metric,
        "metricSectionId": _section(metric),
        "isGenerated": True,
        "deleted": False,
    }


def _section_state(name: str, *, is_open: bool) -> dict[str, object]:
    return {"uuid": name, "name": name, "display": is_open, "isReordered": True, "deleted": False}
