"""An autoencoder that copies real digits has the metrics of the digits."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from pipelines.digits.data.digit_set import DigitSet
from pipelines.digits.data.stacking import draw_stacks, stacked_images, stacked_labels
from pipelines.digits.evaluation.frechet import frechet_distance
from pipelines.digits.evaluation.generation import generation_metrics, mean_and_std, real_metrics
from pipelines.digits.evaluation.generation_scores import ConfidenceThresholds, generation_scores
from pipelines.digits.evaluation.reconstruction import reconstruction_metrics
from pipelines.digits.models.anomaly_score import DensityCorrectedScore
from pipelines.digits.models.autoencoder import Architecture, Autoencoder
from pipelines.digits.models.latents import LatentDensity, standard_normal
from pipelines.digits.models.settings import VerifierSettings
from pipelines.digits.models.trained_autoencoder import TrainedAutoencoder
from pipelines.digits.models.verifier import Verifier, classify, read_images
from pipelines.digits.models.verifier_training import train_verifier

COUNT, MODES = 60, 90
THRESHOLDS = ConfidenceThresholds(single=0.7, stacked=0.35)


@pytest.fixture(scope="module")
def verifier(digits) -> Verifier:
    """Trained just enough for some images, and sometimes wrong."""
    brief = VerifierSettings(blocks=[[6], [8]], epochs=1, batch_size=50, learning_rate=0.02)
    images, labels = digits.train_images, digits.train_labels
    return train_verifier(images, labels, brief, seed=0, device="cpu")[0]


@pytest.fixture(scope="module")
def test(digits) -> DigitSet:
    generator = np.random.default_rng(0)
    return DigitSet.draw(digits.test_images, digits.test_labels, MODES, generator)


@pytest.fixture(scope="module")
def training(digits) -> DigitSet:
    images, labels = digits.train_images[:400], digits.train_labels[:400]
    return DigitSet.draw(images, labels, MODES, np.random.default_rng(1))


class Copier(Autoencoder):
    """An autoencoder whose latent is the number of a known image."""

    def __init__(self, known: np.ndarray, channels: int) -> None:
        nn.Module.__init__(self)
        self.architecture = Architecture(in_channels=channels, latent_dim=1)
        grey = torch.tensor(known / 255, dtype=torch.float32)
        self.known = grey[:, None] if channels == 1 else grey.permute(0, 3, 1, 2)
        self.device_mark = nn.Parameter(torch.zeros(1))

    def encode(self, pixels):
        distances = torch.cdist(pixels.flatten(1), self.known.flatten(1))
        return distances.argmin(dim=1, keepdim=True).float()

    def decode(self, latents):
        return self.known[latents[:, 0].round().long()].logit(eps=1e-4)


def copier(known: np.ndarray, channels: int = 1) -> TrainedAutoencoder:
    """Return an autoencoder that draws every known image with the same probability."""
    number, dtype = len(known), torch.float64
    density = LatentDensity(
        weights=torch.full((number,), 1 / number, dtype=dtype),
        means=torch.arange(number, dtype=dtype)[:, None],
        factors=torch.full((number, 1, 1), 0.01, dtype=dtype),
    )
    correction = DensityCorrectedScore(0.0, 1.0, 0.0, 1.0)
    prior = standard_normal(1)
    return TrainedAutoencoder(Copier(known, channels), "none", prior, density, correction)


def drawn_numbers(trained: TrainedAutoencoder, count: int, seed: int) -> np.ndarray:
    latents = trained.mixture.sample(count, torch.Generator().manual_seed(seed))
    return latents[:, 0].round().long().numpy()


def features_of(verifier, *images):
    return [read_images(verifier, each).features for each in images]


def check_scores_of_stacks(found, probabilities):
    for part, seen in [("stacked", probabilities[:COUNT]), ("stacked_modes", probabilities)]:
        expected = generation_scores(seen, THRESHOLDS.stacked).to_metrics()
        compared = {name: found[part][name] for name in expected}
        assert compared == pytest.approx(expected, abs=1e-6)


def test_generated_copies_of_real_digits_score_as_the_digits_do(verifier, test, training):
    trained = copier(test.images)
    numbers = drawn_numbers(trained, COUNT, seed=5)
    members = draw_stacks(COUNT, MODES, np.random.default_rng(5))
    same = DigitSet(test.images[numbers], test.labels[numbers], members)
    features, copied = features_of(verifier, training.images[:COUNT], same.images[:COUNT])
    arguments = trained, verifier, "mixture", features, THRESHOLDS
    found = generation_metrics(*arguments, count=COUNT, modes=MODES, seed=5)
    with pytest.raises(ValueError, match=r"^modes: 59, at least the count, 60, expected"):
        generation_metrics(*arguments, count=60, modes=59, seed=5)
    expected = real_metrics(verifier, same, training, THRESHOLDS, COUNT)
    distance = frechet_distance(copied, features)
    assert found["single"].pop("frechet_distance") == pytest.approx(distance, rel=1e-3)
    del expected["single"]["frechet_distance"], expected["stacked"]["frechet_distance"]
    assert set(found) == set(expected) == {"single", "stacked", "stacked_modes"}
    for part in found:
        assert found[part] == pytest.approx(expected[part], abs=1e-6), part
    for part in ("single", "stacked"):
        assert 0.1 < found[part]["predictability"] < 0.9, "or the comparison would say little"


def test_real_stacks_are_scored_as_if_the_verifier_classified_them(verifier, test, training):
    """Check scores that come from probabilities of single images, without classifying again."""
    found = real_metrics(verifier, test, training, THRESHOLDS, COUNT)
    stacks, others = (stacked_images(each.images, each.members) for each in (test, training))
    check_scores_of_stacks(found, classify(verifier, stacks))
    distance = frechet_distance(*features_of(verifier, stacks[:COUNT], others[:COUNT]))
    assert found["stacked"]["frechet_distance"] == pytest.approx(distance, rel=1e-3)


def test_real_single_digits_are_scored_by_brute_force(verifier, test, training):
    found = real_metrics(verifier, test, training, THRESHOLDS, COUNT)["single"]
    probabilities = classify(verifier, test.images)[:COUNT]
    sure = [int(row.argmax()) for row in probabilities if row.max() >= THRESHOLDS.single]
    shares = np.array([sure.count(digit) / len(sure) for digit in range(10)])
    assert found["predictability"] == pytest.approx(len(sure) / COUNT)
    assert found["coverage"] == pytest.approx(len(set(sure)) / 10)
    assert [found[f"share_{digit}"] for digit in range(10)] == pytest.approx(shares)
    divergence = sum(share * np.log(share * 10) for share in shares if share)
    assert found["kl_from_uniform"] == pytest.approx(divergence)
    distance = frechet_distance(*features_of(verifier, test.images, training.images))
    assert found["frechet_distance"] == pytest.approx(distance)


def test_a_network_of_three_channels_is_evaluated_on_stacks_alone(verifier, test, training):
    trained = copier(test.units(3), channels=3)
    stacks = test.units(3)[drawn_numbers(trained, MODES, seed=2)]
    features, copied = features_of(verifier, training.units(3)[:COUNT], stacks[:COUNT])
    found = generation_metrics(
        *(trained, verifier, "mixture", features, THRESHOLDS), count=COUNT, modes=MODES, seed=2
    )
    assert set(found) == {"stacked", "stacked_modes"}
    distance = frechet_distance(copied, features)
    assert found["stacked"].pop("frechet_distance") == pytest.approx(distance, rel=1e-3)
    check_scores_of_stacks(found, classify(verifier, stacks))


@pytest.mark.parametrize("channels", [1, 3])
def test_reconstructed_copies_have_the_scores_of_the_images(verifier, test, channels):
    trained = copier(test.units(channels), channels)
    found = reconstruction_metrics(trained, verifier, test, THRESHOLDS)
    stacks = stacked_images(test.images, test.members)
    labels = stacked_labels(test.labels, test.members)
    given = {"stacked": (stacks, THRESHOLDS.stacked, labels)}
    if channels == 1:
        given["single"] = (test.images, THRESHOLDS.single, test.labels)
    expected = {
        part: generation_scores(classify(verifier, images), threshold, labels)
        for part, (images, threshold, labels) in given.items()
    }
    assert set(found) == set(expected)
    for part, scores in expected.items():
        for name in ("predictability", "accuracy", "image_accuracy"):
            assert found[part][name] == pytest.approx(getattr(scores, name), abs=1e-6)
    part = "single" if channels == 1 else "stacked"
    grey = torch.tensor(test.units(channels) / 255)
    entropy = binary_cross_entropy_with_logits(grey.logit(eps=1e-4), grey, reduction="sum")
    assert found[part]["loss"] == pytest.approx(float(entropy) / len(grey), rel=1e-4)
    assert found[part]["squared_error"] == pytest.approx(0, abs=1e-4)
    assert all("loss" not in metrics for name, metrics in found.items() if name != part)


def test_mean_and_spread_are_those_of_every_number_that_all_repetitions_have():
    repeated = [
        {"single": {"coverage": 1.0, "accuracy": 0.5}, "stacked": {"coverage": 3.0}},
        {"single": {"coverage": 2.0, "accuracy": 0.5}, "stacked": {"coverage": 7.0}},
        {"single": {"coverage": 6.0}, "stacked": {"coverage": 5.0}},
    ]
    spreads = np.std([1.0, 2.0, 6.0]), np.std([3.0, 7.0, 5.0])
    assert mean_and_std(repeated) == {
        "single": {"coverage": 3.0, "coverage_std": pytest.approx(spreads[0])},
        "stacked": {"coverage": 5.0, "coverage_std": pytest.approx(spreads[1])},
    }
