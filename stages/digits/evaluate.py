"""Stage `digits-evaluate@variant`: judge a trained autoencoder on digits it has never seen."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from pipelines.digits.mnist import read_digits
from pipelines.digits.model_metrics import anomaly_columns, anomaly_metrics, likelihood_metrics
from pipelines.digits.stacking import draw_stacks
from pipelines.digits.trained_autoencoder import (
    Sampler,
    TrainedAutoencoder,
    load_trained_autoencoder,
)
from pipelines.digits.verifier import Verifier, load_verifier, read_images
from pipelines.digits.verifier_metrics import (
    DigitSet,
    Tolerances,
    generation_metrics,
    mean_and_spread,
    real_metrics,
    reconstruction_metrics,
)
from pipelines.pictures import save_picture
from pipelines.progress import progress
from stages.command import in_one_line, read_input, relative, run_variant
from stages.digits.params import Evaluation
from stages.digits.pictures import pictures
from stages.digits.record import VERIFIER, record_evaluation, record_training
from stages.layout import digits_folder, results
from stages.outputs import json_writer, write_outputs
from stages.params import Params
from stages.seed import stage_seed
from stages.tracking import continued_run
from stages.training import over_seeds, read_history, read_training, trainings_of

FRECHET = "frechet_distance"


def evaluate(params: Params, variant: str) -> str:
    """Score the variant in all it can do; write metrics, samples, anomaly scores and pictures."""
    settings, judging = params.digits.autoencoders[variant], params.digits.evaluation
    folder = results("digits", variant)
    digits = read_input(read_digits, digits_folder())
    training = read_input(read_training, folder)
    models = {
        seed: read_input(load_trained_autoencoder, place / "model")
        for seed, place in read_input(trainings_of, folder).items()
    }
    trained = models[training.seed]
    verifier = read_input(load_verifier, results("digits", VERIFIER) / "model")
    history = read_input(read_history, folder).reset_index()
    seed = stage_seed(params.seed, f"digits-evaluate@{variant}")
    # the same stacks for all variants
    rng = np.random.default_rng(stage_seed(params.seed, "digits-evaluate"))
    test = digit_set(digits.test_images, digits.test_labels, judging, rng)
    known = digit_set(digits.train_images[: len(test.labels)], digits.train_labels, judging, rng)
    # the images that all but the generated ones are measured on
    shown = replace(test, members=test.members[: judging.samples])

    with in_one_line(ValueError):
        tolerances = Tolerances(judging.tolerance_mono, judging.tolerance_stacked)
        real = real_metrics(verifier, test, known, tolerances, judging.samples)
        units = known.units(trained.channels)[: judging.samples]
        features = read_images(verifier, units).features
        scores = {
            each: anomaly_columns(
                model,
                shown.units(model.channels),
                marginal_samples=judging.marginal_samples,
                seed=seed,
            )
            for each, model in models.items()
        }
        judged = {
            each: judge(
                *(model, verifier, features, shown, judging, seed),
                missing=settings.missing,
                scores=scores[each],
            )
            for each, model in models.items()
        }
    metrics = {**judged[training.seed], "real": real}
    best = metrics["best_sampler"]
    by_seed = {each: headlines(found) for each, found in judged.items()}

    with continued_run("digits", variant, training.seed, training.fingerprint) as run:
        own = scores[training.seed]

        def draw(draft: Path) -> None:
            draft.mkdir()
            drawn = pictures(variant, trained, history, shown, settings.missing, own, seed)
            for name, picture in drawn:
                save_picture(picture, draft / f"{name}.png")

        def draw_samples(draft: Path) -> None:
            with draft.open("wb") as file:
                np.savez_compressed(file, **samples(trained, best, judging.samples, seed))

        table = table_of_scores(trained, shown, own)
        told = {"test": by_seed[training.seed], **over_seeds(by_seed.values())}
        write_outputs(
            folder,
            {
                "plots": draw,
                "samples.npz": draw_samples,
                "anomaly_scores.csv": lambda draft: table.to_csv(draft, index=False),
                "scores.json": json_writer({"test": metrics, "by_seed": by_seed}),
                "metrics.json": json_writer(told),
            },
        )
        if not run.has_training:
            record_training(run, variant)
        record_evaluation(run, variant)
    predictability = metrics["generation"][best]["stacked"]["predictability"]
    return (
        f"{predictability:.1%} of stacks drawn from the {best} are predictable "
        f"→ {relative(folder)}/metrics.json"
    )


def judge(
    trained: TrainedAutoencoder,
    verifier: Verifier,
    features: np.ndarray,
    test: DigitSet,
    judging: Evaluation,
    seed: int,
    *,
    missing: int | None,
    scores: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """Score an autoencoder in all it can do, with the verifier's help."""
    tolerances = Tolerances(judging.tolerance_mono, judging.tolerance_stacked)
    generation = {
        sampler: mean_and_spread(
            [
                generation_metrics(
                    *(trained, verifier, sampler, features, tolerances),
                    count=judging.samples,
                    modes=judging.mode_samples,
                    seed=each,
                )
                for each in progress(
                    range(seed, seed + judging.sampling_seeds), f"judging samples of the {sampler}"
                )
            ]
        )
        for sampler in get_args(Sampler)
    }
    metrics: dict[str, Any] = {
        "reconstruction": reconstruction_metrics(trained, verifier, test, tolerances),
        "generation": generation,
        "best_sampler": best_sampler(generation),
    }
    if missing is not None:
        metrics["anomaly"] = anomaly_metrics(scores, test, trained.channels, missing)
    if trained.variational:
        metrics["likelihood"] = likelihood_metrics(
            *(trained, test.units(trained.channels)),
            count=judging.likelihood_images,
            samples=judging.likelihood_samples,
            seed=seed,
        )
    return metrics


def headlines(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Pick the numbers that variants are compared by, those of the better sampler."""
    reconstruction = metrics["reconstruction"]
    generated = metrics["generation"][metrics["best_sampler"]]
    part = "mono" if "mono" in generated else "stacked"  # what the network itself draws
    picked = {
        # none, if the verifier is sure of no image
        "reconstruction_accuracy": reconstruction[part].get("accuracy"),
        "squared_error": reconstruction[part]["squared_error"],
        "predictability": generated[part]["predictability"],
        "stacked_predictability": generated["stacked"]["predictability"],
        "frechet_distance": generated[part][FRECHET],
        "modes": round(generated["stacked_modes"]["coverage"] * 1000, 1),
    }
    if "likelihood" in metrics:
        picked |= {name: metrics["likelihood"][name] for name in ("nll", "elbo")}
    if "anomaly" in metrics:
        found = metrics["anomaly"][part]["corrected"]
        picked["anomaly_auroc"] = found["auroc"]
        picked["anomaly_average_precision"] = found["average_precision"]
    return {name: value for name, value in picked.items() if value is not None}


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


if __name__ == "__main__":
    run_variant("digits-evaluate", evaluate, lambda params: params.digits.autoencoders)
