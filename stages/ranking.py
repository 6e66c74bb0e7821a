"""What makes one variant better than another: for the leaderboard, the report, the champions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from stages.params import Params


@dataclass(frozen=True)
class Ranking:
    """How the variants of a pipeline are put in order.

    Attributes:
        metric: the headline in metrics.json that decides.
        better: which way it does.
        tie_break: the headline that decides between equals, the lower the better.
        title: what the metric is, in words for a person.
        eligible: whether a variant may win; one that was asked for something else may not.
    """

    metric: str
    better: Literal["higher", "lower"]
    tie_break: str
    title: str
    eligible: Callable[[Params, str], bool] = lambda params, variant: True

    def key(self, metrics: Mapping[str, float], prefix: str = "") -> tuple[float, float]:
        """Return what sorts variants from the best to the worst.

        Args:
            metrics: the numbers of a variant, by name; the metric must be among them.
            prefix: what stands before every name.
        """
        value = metrics[prefix + self.metric]
        tie_break = metrics.get(prefix + self.tie_break, float("inf"))
        return (-value if self.better == "higher" else value), tie_break


def _draws_every_single_digit(params: Params, variant: str) -> bool:
    settings = params.digits.autoencoders[variant]
    return settings.missing is None and settings.architecture.channels == 1


#: By pipeline.
RANKINGS: dict[str, Ranking] = {
    "figures": Ranking(
        # Test parts hold from 5 to 9,000 figures: 5 of 5 are worth less than 8,990 of 9,000.
        metric="accuracy_low",
        better="higher",
        tie_break="cross_entropy",
        title="test accuracy, lower end of its 95 % confidence interval",
    ),
    "digits": Ranking(
        metric="frechet_distance",
        better="lower",
        tie_break="squared_error",
        title="Fréchet distance of new images from real ones",
        eligible=_draws_every_single_digit,
    ),
    "imbalance": Ranking(
        metric="rmse", better="lower", tie_break="crps", title="test RMSE over two hours, in MW"
    ),
}


def winner(pipeline: str, metrics: Mapping[str, Mapping[str, float]], params: Params) -> str:
    """Name the best variant of a pipeline.

    Args:
        pipeline: a key of `RANKINGS`.
        metrics: the headlines (`test` in metrics.json) by variant.
        params: they tell who is eligible; where nobody is, everybody is.

    Returns:
        The variant; of complete equals the first one.

    Raises:
        ValueError: no variant has the metric.
    """
    ranking = RANKINGS[pipeline]
    measured = [variant for variant in metrics if ranking.metric in metrics[variant]]
    if not measured:
        raise ValueError(f"no variant of {pipeline} has {ranking.metric}")
    eligible = [variant for variant in measured if ranking.eligible(params, variant)]
    return min(eligible or measured, key=lambda variant: ranking.key(metrics[variant]))
