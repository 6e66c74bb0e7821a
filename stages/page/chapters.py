"""What the page tells of each pipeline: its variants, its columns, its pictures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stages.page.columns import Column
from stages.params import Params


@dataclass(frozen=True)
class Chapter:
    """What the page tells of a pipeline.

    Attributes:
        pipeline: its name.
        purpose: what it does, in one sentence.
        describe: what sets a variant apart, from its parameters, in a few words each.
        columns: of the table of variants.
        pictures: files under `results/` with their captions; `{winner}` stands for the best
            variant, `{detector}` for the one that finds anomalies best. What a variant does not
            have is left out.
        judge: a model that is no variant but judges them, or nothing.
        judge_columns: what is told of it.
        reference: the variant that a comparison tests the others against, if there is one.
    """

    pipeline: str
    purpose: str
    describe: Callable[[Any], list[str]]
    columns: tuple[Column, ...]
    pictures: Mapping[str, str]
    judge: str = ""
    judge_columns: tuple[Column, ...] = ()
    reference: Callable[[Params], str] | None = None

    def measured(self, params: Params) -> list[str]:
        """Name all that has a `metrics.json`: the variants, and their judge if there is one."""
        return [*params.variants[self.pipeline], *([self.judge] if self.judge else [])]

    def all_columns(self, params: Params) -> tuple[Column, ...]:
        """Return the columns, those of the comparison among them."""
        if self.reference is None:
            return self.columns
        reference = self.reference(params)
        return (
            *self.columns,
            Column(
                "Diebold–Mariano",
                (f"diebold_mariano_against_{reference}",),
                ".1f",
                note=f"statistic of the test against {reference}, below 0 where that is worse",
            ),
            Column(
                "p",
                (f"p_value_against_{reference}",),
                "p",
                note=f"probability of so large a difference from {reference} by chance",
            ),
        )


def _network(settings: Any) -> list[str]:
    return [f"learns from {settings.dataset}"]


def _autoencoder(settings: Any) -> list[str]:
    missing = [] if settings.missing is None else [f"no {settings.missing} in training"]
    return [settings.kind, *missing]


def _forecaster(settings: Any) -> list[str]:
    altered = getattr(settings, "target", "y") == "altered"
    return [settings.kind, *(["learns what is not structural"] if altered else [])]


CHAPTERS = (
    Chapter(
        "figures",
        "A network from scratch tells noisy crosses, circles and lines apart.",
        _network,
        (
            Column("accuracy", ("accuracy",), ".1%", better="higher"),
            Column(
                "at least",
                ("accuracy_low",),
                ".1%",
                better="higher",
                note="lower end of the 95 % confidence interval of the accuracy; it ranks",
            ),
            Column("cross-entropy", ("cross_entropy",), ".3f", "nats", "lower"),
            Column(
                "loss",
                ("loss",),
                ".3f",
                note="what the variant was trained on, so it does not compare between variants",
            ),
        ),
        {
            "figures/{winner}/plots/mistakes.png": "What {winner} gets wrong",
            "figures/{winner}/plots/confusion_matrix.png": "How often {winner} confuses what",
            "figures/{winner}/plots/figures.png": "Figures that {winner} learns from",
            "figures/{winner}/plots/loss_curves.png": "How {winner} learns",
        },
    ),
    Chapter(
        "digits",
        "Autoencoders draw handwritten digits again, draw new ones, and find what is strange.",
        _autoencoder,
        (
            Column(
                "Fréchet distance",
                ("frechet_distance",),
                ".4f",
                better="lower",
                note="of new images from real ones, by the better sampler; it ranks",
            ),
            Column(
                "predictable",
                ("predictability",),
                ".1%",
                better="higher",
                note="new images of which the verifier is sure",
            ),
            Column(
                "… of stacks",
                ("stacked_predictability",),
                ".1%",
                better="higher",
                note="the same of images of three digits",
            ),
            Column(
                "modes",
                ("modes",),
                ".0f",
                better="higher",
                note="of the 1,000 stacks that three digits can make, how many it draws",
            ),
            Column(
                "read right",
                ("reconstruction_accuracy",),
                ".1%",
                better="higher",
                note="reconstructions that the verifier reads as the digit that they are of",
            ),
            Column("squared error", ("squared_error",), ".2f", better="lower"),
            Column("NLL", ("nll",), ".2f", "nats", "lower", "negative log-likelihood"),
            Column("ELBO", ("elbo",), ".2f", "nats", "higher", "evidence lower bound"),
            Column(
                "AUROC",
                ("anomaly_auroc",),
                ".3f",
                better="higher",
                note="of the missing digit, found by the corrected score",
            ),
            Column(
                "average precision",
                ("anomaly_average_precision",),
                ".3f",
                better="higher",
                note="of the missing digit, found by the corrected score",
            ),
        ),
        {
            "digits/{winner}/plots/reconstructions_stacked.png": "Stacks, drawn again by {winner}",
            "digits/{winner}/plots/samples_mixture_stacked.png": "New stacks, drawn by {winner}",
            "digits/{detector}/plots/anomalies_mono.png": "What {detector} finds strange",
            "digits/{winner}/plots/latent_map.png": "Where {winner} puts test digits",
            "digits/verifier/plots/mistakes.png": "What the verifier, which judges all, gets wrong",
        },
        judge="verifier",
        judge_columns=(
            Column("test digits read right", ("accuracy",), ".2%", better="higher"),
            Column("loss", ("loss",), ".4f", "nats", "lower"),
        ),
    ),
    Chapter(
        "imbalance",
        "Forecasters of a power grid's imbalance, every step of the next two hours.",
        _forecaster,
        (
            Column("RMSE", ("rmse",), ".2f", "MW", "lower", "root mean squared error; it ranks"),
            Column(
                "95 % interval",
                ("rmse_low", "rmse_high"),
                ".1f",
                "MW",
                note="of the RMSE, by a bootstrap of whole days",
            ),
            Column("MAE", ("mae",), ".2f", "MW", "lower", "mean absolute error"),
            Column(
                "CRPS",
                ("crps",),
                ".2f",
                "MW",
                "lower",
                "continuous ranked probability score, which judges the intervals",
            ),
            Column(
                "skill",
                ("skill",),
                ".1%",
                better="higher",
                note="share of persistence's error that is gone",
            ),
            Column("within 80 %", ("coverage_80",), ".1%", note="measured within the interval"),
            Column("within 90 %", ("coverage_90",), ".1%", note="measured within the interval"),
        ),
        {
            "comparison/imbalance/plots/error_by_step.png": "How errors grow with the lead time",
            "imbalance/{winner}/plots/forecasts.png": "Good, middling, bad forecasts of {winner}",
            "imbalance/{winner}/plots/calibration.png": "How often {winner}'s intervals hold",
            "imbalance/series/plots/structural_imbalance.png": "Plans are steps, the load is not",
        },
        reference=lambda params: params.imbalance.reference,
    ),
)
