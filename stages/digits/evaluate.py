"""Stage `digits-evaluate@variant`: judge a trained autoencoder on digits it has never seen."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pandas as pd

from pipelines.digits.frechet import verifier_features
from pipelines.digits.mnist import read_digits
from pipelines.digits.model_metrics import anomaly_columns, anomaly_metrics, likelihood_metrics
from pipelines.digits.stacking import draw_stacks
from pipelines.digits.trained_autoencoder import (
    Sampler,
    TrainedAutoencoder,
    load_trained_autoencoder,
)
from pipelines.digits.verifier import load_verifier
from pipelines.digits.verifier_metrics import (
    DigitSet,
    Tolerances,
    generation_metrics,
    mean_and_spread,
    real_metrics,
    reconstruction_metrics,
)
from pipelines.pictures import save_picture
from stages.command import in_one_line, read_input, relative, run_variant
from stages.digits.params import Evaluation
from stages.digits.pictures import pictures
from stages.layout import digits_folder, results
from stages.outputs import read_fingerprint, whole, write_json
from stages.params import Params
from stages.seed import stage_seed
from stages.tracking import continued_run

FRECHET = "frechet_distance"
LEADERBOARD = {
    "kind": "kind",
    "pixels": "pixels",
    "nats": "test/likelihood/nll",
    "… from the prior": "test/generation/prior/stacked/predictability",
    "reconstruction accuracy": "test/reconstruction/stacked/accuracy",
    "AUROC by reconstruction": "test/anomaly/stacked/reconstruction/auroc",
    "AUROC corrected": "test/anomaly/stacked/corrected/auroc",
}


def evaluate(params: Params, variant: str) -> str:
    """Score the variant in all it can do; write metrics, samples, anomaly scores and pictures."""
    settings, judging = params.digits.autoencoders[variant], params.digits.evaluation
    folder = results("digits", variant)
    digits = read_input(read_digits, digits_folder())
    trained = read_input(load_trained_autoencoder, folder / "model")
    verifier = read_input(load_verifier, results("digits", "verifier") / "model")
    history = read_input(pd.read_csv, folder / "history.csv")
    key = read_input(read_fingerprint, folder / "run.json")
    seed = stage_seed(params.seed, f"digits-evaluate@{variant}")
    # the same stacks for all variants
    rng = np.random.default_rng(stage_seed(params.seed, "digits-evaluate"))
    test = digit_set(digits.test_images, digits.test_labels, judging, rng)
    training = digit_set(digits.train_images[: len(test.labels)], digits.train_labels, judging, rng)
    tolerances = Tolerances(judging.tolerance_mono, judging.tolerance_stacked)

    with in_one_line(ValueError):
        features = verifier_features(verifier, training.units(trained.channels)[: judging.samples])
        generation = {
            sampler: mean_and_spread(
                [
                    generation_metrics(
                        *(trained, verifier, sampler, features, tolerances),
                        count=judging.samples,
                        modes=judging.mode_samples,
                        seed=each,
                    )
                    for each in range(seed, seed + judging.sampling_seeds)
                ]
            )
            for sampler in get_args(Sampler)
        }
        real = real_metrics(verifier, test, training, tolerances, judging.samples)
        # the images that everything else is measured on
        shown = replace(test, members=test.members[: judging.samples])
        units = shown.units(trained.channels)
        scores = anomaly_columns(
            trained, units, marginal_samples=judging.marginal_samples, seed=seed
        )
        metrics = {
            "reconstruction": reconstruction_metrics(trained, verifier, shown, tolerances),
            "generation": generation,
            "real": real,
        }
        if settings.missing is not None:
            metrics["anomaly"] = anomaly_metrics(scores, shown, trained.channels, settings.missing)
        if trained.variational:
            metrics["likelihood"] = likelihood_metrics(
                *(trained, units),
                count=judging.likelihood_images,
                samples=judging.likelihood_samples,
                seed=seed,
            )
    best = best_sampler(generation)

    with continued_run("digits", variant, params.seed, key) as run:
        with whole(folder / "plots") as draft:
            draft.mkdir()
            drawn = pictures(variant, trained, history, shown, settings.missing, scores, seed)
            for name, picture in drawn:
                save_picture(picture, draft / f"{name}.png")
        with whole(folder / "samples.npz") as draft, draft.open("wb") as file:
            np.savez_compressed(file, **samples(trained, best, judging.samples, seed))
        with whole(folder / "anomaly_scores.csv") as draft:
            table_of_scores(trained, shown, scores).to_csv(draft, index=False)
        write_json(folder / "metrics.json", {"test": metrics | {"best_sampler": best}})
        run.log_metrics({"test": metrics})
        run.log_files(folder / "plots", "plots")
        for name in ("history.csv", "anomaly_scores.csv", "metrics.json"):
            run.log_files(folder / name)
        run.describe(description(metrics, best))
        run.rank(
            "test/generation/mixture/stacked/predictability",
            "missing",
            "test/likelihood/nll",
            LEADERBOARD,
        )
    predictability = generation[best]["stacked"]["predictability"]
    return (
        f"{predictability:.1%} of stacks drawn from the {best} are predictable "
        f"→ {relative(folder)}/metrics.json"
    )


def digit_set(
    images: np.ndarray, labels: np.ndarray, judging: Evaluation, rng: np.random.Generator
) -> DigitSet:
    """Put images together with as many stacks of them as are to be generated."""
    members = draw_stacks(len(images), judging.mode_samples, rng)
    return DigitSet(images, labels[: len(images)], members)


def best_sampler(generation: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Sampler:
    """Name the sampler whose images lie nearest to real ones in the verifier's features."""

    def distance(sampler: Sampler) -> float:
        parts = generation[sampler].values()
        return next(part[FRECHET] for part in parts if FRECHET in part)

    return min(get_args(Sampler), key=distance)


def samples(
    trained: TrainedAutoencoder, sampler: Sampler, count: int, seed: int
) -> dict[str, np.ndarray]:
    """Draw the images that the variant is known by; a network of stacks draws no single ones."""
    kinds = {"mono": 1, "stacked": 3} if trained.channels == 1 else {"stacked": 3}
    return {
        name: trained.sample(count, sampler, channels, seed=seed)
        for name, channels in kinds.items()
    }


def table_of_scores(
    trained: TrainedAutoencoder, test: DigitSet, scores: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Tabulate how strange each test image is, or each stack for a network of stacks."""
    labels = test.labels if trained.channels == 1 else test.stacked_labels
    columns = {name: values.astype(np.float64).round(4) for name, values in scores.items()}
    return pd.DataFrame({"label": labels, **columns}).rename_axis("index").reset_index()


def description(metrics: Mapping[str, Any], best: Sampler) -> str:
    """Say in Markdown what the MLflow UI shows of a run first."""
    generated, real = metrics["generation"][best], metrics["real"]
    reconstructed = metrics["reconstruction"]["stacked"]
    lines = [
        f"**{generated['stacked']['predictability']:.1%} of stacks from the {best} are "
        f"predictable**, of real ones {real['stacked']['predictability']:.1%}, of reconstructed "
        f"ones {reconstructed['predictability']:.1%}."
    ]
    if "likelihood" in metrics:
        lines.append(f"NLL {metrics['likelihood']['nll']:.2f} nats.")
    if "anomaly" in metrics:
        found = metrics["anomaly"]["stacked"]["corrected"]["auroc"]
        lines.append(f"Missing digit found with AUROC {found:.3f} by the corrected score.")
    return " ".join(lines)


if __name__ == "__main__":
    run_variant("digits-evaluate", evaluate, lambda params: params.digits.autoencoders)
