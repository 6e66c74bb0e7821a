"""Ranking of the variants of a pipeline for leaderboard, report and champion."""

from collections.abc import Mapping
from dataclasses import dataclass

from stages.outputs.metrics import Metric


@dataclass(frozen=True)
class Ranking:
    """Ranking of variants by summary metrics.

    Attributes:
        metric: The metric that decides.
        tie_break: The metric that decides between equal values of `metric`.
    """

    metric: Metric
    tie_break: Metric

    def key(self, metrics: Mapping[str, float], prefix: str = "") -> tuple[float, float]:
        """Return the sort key of a variant. The best variant has the lowest key.

        Args:
            metrics: Metrics of the variant, by name. A missing metric counts as the worst value.
            prefix: Prefix of the names in `metrics`.
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
            metrics: Summary metrics by variant.
            eligible: Variants that may be the best. If none of them has the metric, all may be.

        Returns:
            The best variant and the order of all variants, from best to worst. Variants that may
            not be the best come last.

        Raises:
            ValueError: No variant has the metric.
        """
        measured = {name for name in metrics if self.metric.name in metrics[name]}
        if not measured:
            raise ValueError(f"no variant has {self.metric.name}")
        candidates = (eligible & measured) or measured
        order = sorted(metrics, key=lambda name: (name not in candidates, self.key(metrics[name])))
        return order[0], order


def _worst(metric: Metric) -> float:
    return float("-inf") if metric.better == "higher" else float("inf")
