"""Changes of metrics and parameters since the last commit."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo

from stages import paths
from stages.outputs.metrics import MISSING, Metric
from stages.report.leaderboard import Leaderboard


@dataclass(frozen=True)
class MetricChange:
    """A metric whose value differs from that of the last commit.

    Attributes:
        model: name with its pipeline, for example `digits/vae`.
        metric: definition of the metric.
        before: committed value.
        now: present value.
        std: standard deviation over the seeds; 0 for a single seed.
    """

    model: str
    metric: Metric
    before: float
    now: float
    std: float

    @property
    def is_notable(self) -> bool:
        """Whether the change exceeds the rounding of the tables and the standard deviation."""
        difference = abs(self.now - self.before)
        # Rounding alone moves two numbers up to one unit apart, each by half a unit.
        exceeds_rounding = self.metric.text(difference / 2) != self.metric.text(0.0)
        return exceeds_rounding and difference > self.std


@dataclass(frozen=True)
class Changes:
    """Changes since the last commit.

    Attributes:
        commit: abbreviated hash of the last commit.
        metrics: notable changes of summary metrics.
        minor: number of the other changes of summary metrics.
        parameters: name, committed value and present value of each changed parameter.
        new: models that the commit does not contain.
    """

    commit: str
    metrics: list[MetricChange]
    minor: int
    parameters: list[tuple[str, str, str]]
    new: list[str]


def changes_since_commit(leaderboards: Iterable[Leaderboard]) -> Changes | None:
    """Compare summary metrics and parameters with those of the last commit.

    Args:
        leaderboards: one per pipeline, with the present metrics.

    Returns:
        The changes; None without a commit.
    """
    models = {
        f"{board.pipeline.name}/{model}": (board.pipeline.metrics_of(model), summary.std)
        for board in leaderboards
        for model, summary in board.summaries.items()
    }
    files = {model: f"results/{model}/metrics.json" for model in models}
    try:
        with Repo(paths.ROOT) as repo:
            if repo.scm.no_commits:
                return None
            commit = repo.scm.get_rev()[:10]
            # `params.diff` reads metrics files as well; a second call would read dvc.lock again.
            answer = repo.params.diff(a_rev="HEAD", targets=[paths.PARAMS.name, *files.values()])
    except DvcException:
        return None
    unread = answer.get("errors", {}).get("HEAD", {})
    if isinstance(unread, Exception):  # DVC cannot read the commit
        return None
    differences = answer.get("diff", {})
    changes = [
        change
        for model, (metrics, std) in models.items()
        for change in _metric_changes(model, metrics, std, differences.get(files[model], {}))
    ]
    notable = [change for change in changes if change.is_notable]
    parameters = [
        (name, _as_text(values["old"]), _as_text(values["new"]))
        for name, values in differences.get(paths.PARAMS.name, {}).items()
    ]
    new = [model for model, file in files.items() if file in unread]
    return Changes(commit, notable, len(changes) - len(notable), parameters, new)


def _metric_changes(
    model: str, metrics: Iterable[Metric], std: Mapping[str, float], differences: Mapping[str, Any]
) -> Iterator[MetricChange]:
    """Yield a change for each metric that has a committed and a present value."""
    for metric in metrics:
        values = differences.get(f"test.{metric.name}", {"old": None, "new": None})
        before, now = values["old"], values["new"]
        if before is not None and now is not None:
            yield MetricChange(model, metric, before, now, std.get(metric.name, 0.0))


def _as_text(value: Any) -> str:
    if value is None:
        return MISSING
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
