"""Which variant of a pipeline is the best: for the leaderboard, the report and the champion."""

from collections.abc import Mapping
from dataclasses import dataclass

from stages.outputs.metrics import Metric


@dataclass(frozen=True)
class Ranking:
    """How the variants of a pipeline are put in order.

    Attributes:
        metric: the summary metric that decides.
        tie_break: the summary metric that decides between equals.
    """

    metric: Metric
    tie_break: Metric

    def key(self, metrics: Mapping[str, float], prefix: str = "") -> tuple[float, float]:
        """Return the sort key of a variant; the best one has the lowest.

        Args:
            metrics: numbers of the variant, by name; a missing one counts as the worst.
            prefix: of all names.
        """
        first, second = (
            -value if metric.better == "higher" else value
            for metric in (self.metric, self.tie_break)
            for value in [metrics.get(prefix + metric.name, _worst(metric))]
        )
        return first, second

    def order(
        self, metrics: Mapping[str, Mapping[str, float]], eligible: set[str]
    ) -> tuple[str, list[str]]:
        """Rank the variants of a pipeline.

        Args:
            metrics: summary metrics by variant.
            eligible: the variants that may win; where none may, all may.

        Returns:
            The best variant, and all variants: those that may win first, the better ones first.

        Raises:
            ValueError: no variant has the metric.
        """
        measured = {name for name in metrics if self.metric.name in metrics[name]}
        if not measured:
            raise ValueError(f"no variant has {self.metric.name}")
        may_win = (eligible & measured) or measured
        order = sorted(metrics, key=lambda name: (name not in may_win, self.key(metrics[name])))
        return order[0], order


def _worst(metric: Metric) -> float:
    return float("-inf") if metric.better == "higher" else float("inf")
