"""An autoencoder that copies real digits has the metrics of real digits."""

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
    """Return a verifier with a short training, which is wrong for some images."""
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
    """Autoencoder whose latent is the index of an image."""

    def __init__(self, images: np.ndarray, channels: int) -> None:
        nn.Module.__init__(self)
        self.architecture = Architecture(in_channels=channels, latent_dim=1)
        grey = torch.tensor(images / 255, dtype=torch.float32)
        self.images = grey[:, None] if channels == 1 else grey.permute(0, 3, 1, 2)
        self.device_mark = nn.Parameter(torch.zeros(1))

    def encode(self, pixels):
        distances = torch.cdist(pixels.flatten(1), self.images.flatten(1))
        return distances.argmin(dim=1, keepdim=True).float()

    def decode(self, latents):
        return self.images[latents[:, 0].round().long()].logit(eps=1e-4)


def copier(images: np.ndarray, channels: int = 1) -> TrainedAutoencoder:
    """Return an autoencoder that samples all images with the same probability."""
    count, dtype = len(images), torch.float64
    density = LatentDensity(
        weights=torch.full((count,), 1 / count, dtype=dtype),
        means=torch.arange(count, dtype=dtype)[:, None],
        factors=torch.full((count, 1, 1), 0.01, dtype=dtype),
    )
    correction = DensityCorrectedScore(0.0, 1.0, 0.0, 1.0)
    prior = standard_normal(1)
    return TrainedAutoencoder(Copier(images, channels), "none", prior, density, correction)


def sampled_indices(trained: TrainedAutoencoder, count: int, seed: int) -> np.ndarray:
    latents = trained.mixture.sample(count, torch.Generator().manual_seed(seed))
    return latents[:, 0].round().long().numpy()


def features_of(verifier, *images):
    return [read_images(verifier, each).features for each in images]


def check_scores_of_stacks(actual, probabilities):
    for kind, rows in [("stacked", probabilities[:COUNT]), ("stacked_modes", probabilities)]:
        expected = generation_scores(rows, THRESHOLDS.stacked).to_metrics()
        compared = {name: actual[kind][name] for name in expected}
        assert compared == pytest.approx(expected, abs=1e-6)


def test_generated_copies_have_the_metrics_of_the_digits(verifier, test, training):
    trained = copier(test.images)
    indices = sampled_indices(trained, COUNT, seed=5)
    members = draw_stacks(COUNT, MODES, np.random.default_rng(5))
    same = DigitSet(test.images[indices], test.labels[indices], members)
    features, copied_features = features_of(verifier, training.images[:COUNT], same.images[:COUNT])
    arguments = trained, verifier, "mixture", features, THRESHOLDS
    actual = generation_metrics(*arguments, count=COUNT, modes=MODES, seed=5)
    with pytest.raises(ValueError, match=r"^modes: 59, expected at least the count 60"):
        generation_metrics(*arguments, count=60, modes=59, seed=5)
    expected = real_metrics(verifier, same, training, THRESHOLDS, COUNT)
    distance = frechet_distance(copied_features, features)
    assert actual["single"].pop("frechet_distance") == pytest.approx(distance, rel=1e-3)
    del expected["single"]["frechet_distance"], expected["stacked"]["frechet_distance"]
    assert set(actual) == set(expected) == {"single", "stacked", "stacked_modes"}
    for kind in actual:
        assert actual[kind] == pytest.approx(expected[kind], abs=1e-6), kind
    for kind in ("single", "stacked"):
        assert 0.1 < actual[kind]["predictability"] < 0.9, "otherwise the comparison is too weak"


def test_real_stacks_have_the_scores_of_classified_stacks(verifier, test, training):
    """Check that probabilities of single images give the same scores as stacked images."""
    actual = real_metrics(verifier, test, training, THRESHOLDS, COUNT)
    stacks, others = (stacked_images(each.images, each.members) for each in (test, training))
    check_scores_of_stacks(actual, classify(verifier, stacks))
    distance = frechet_distance(*features_of(verifier, stacks[:COUNT], others[:COUNT]))
    assert actual["stacked"]["frechet_distance"] == pytest.approx(distance, rel=1e-3)


def test_scores_of_real_single_digits_agree_with_brute_force(verifier, test, training):
    actual = real_metrics(verifier, test, training, THRESHOLDS, COUNT)["single"]
    probabilities = classify(verifier, test.images)[:COUNT]
    predictable = [int(row.argmax()) for row in probabilities if row.max() >= THRESHOLDS.single]
    shares = np.array([predictable.count(digit) / len(predictable) for digit in range(10)])
    assert actual["predictability"] == pytest.approx(len(predictable) / COUNT)
    assert actual["coverage"] == pytest.approx(len(set(predictable)) / 10)
    assert [actual[f"share_{digit}"] for digit in range(10)] == pytest.approx(shares)
    divergence = sum(share * np.log(share * 10) for share in shares if share)
    assert actual["kl_from_uniform"] == pytest.approx(divergence)
    distance = frechet_distance(*features_of(verifier, test.images, training.images))
    assert actual["frechet_distance"] == pytest.approx(distance)


def test_a_network_of_three_channels_is_evaluated_on_stacks_alone(verifier, test, training):
    trained = copier(test.units(3), channels=3)
    stacks = test.units(3)[sampled_indices(trained, MODES, seed=2)]
    features, copied_features = features_of(verifier, training.units(3)[:COUNT], stacks[:COUNT])
    actual = generation_metrics(
        *(trained, verifier, "mixture", features, THRESHOLDS), count=COUNT, modes=MODES, seed=2
    )
    assert set(actual) == {"stacked", "stacked_modes"}
    distance = frechet_distance(copied_features, features)
    assert actual["stacked"].pop("frechet_distance") == pytest.approx(distance, rel=1e-3)
    check_scores_of_stacks(actual, classify(verifier, stacks))


@pytest.mark.parametrize("channels", [1, 3])
def test_reconstructed_copies_have_the_scores_of_the_images(verifier, test, channels):
    trained = copier(test.units(channels), channels)
    actual = reconstruction_metrics(trained, verifier, test, THRESHOLDS)
    stacks = stacked_images(test.images, test.members)
    labels = stacked_labels(test.labels, test.members)
    inputs = {"stacked": (stacks, THRESHOLDS.stacked, labels)}
    if channels == 1:
        inputs["single"] = (test.images, THRESHOLDS.single, test.labels)
    expected = {
        kind: generation_scores(classify(verifier, images), threshold, labels)
        for kind, (images, threshold, labels) in inputs.items()
    }
    assert set(actual) == set(expected)
    for kind, scores in expected.items():
        for name in ("predictability", "accuracy", "image_accuracy"):
            assert actual[kind][name] == pytest.approx(getattr(scores, name), abs=1e-6)
    kind = "single" if channels == 1 else "stacked"
    grey = torch.tensor(test.units(channels) / 255)
    entropy = binary_cross_entropy_with_logits(grey.logit(eps=1e-4), grey, reduction="sum")
    assert actual[kind]["loss"] == pytest.approx(float(entropy) / len(grey), rel=1e-4)
    assert actual[kind]["squared_error"] == pytest.approx(0, abs=1e-4)
    assert all("loss" not in metrics for name, metrics in actual.items() if name != kind)


def test_mean_and_std_cover_the_metrics_that_all_repetitions_have():
    repeated = [
        {"single": {"coverage": 1.0, "accuracy": 0.5}, "stacked": {"coverage": 3.0}},
        {"single": {"coverage": 2.0, "accuracy": 0.5}, "stacked": {"coverage": 7.0}},
        {"single": {"coverage": 6.0}, "stacked": {"coverage": 5.0}},
    ]
    stds = np.std([1.0, 2.0, 6.0]), np.std([3.0, 7.0, 5.0])
    assert mean_and_std(repeated) == {
        "single": {"coverage": 3.0, "coverage_std": pytest.approx(stds[0])},
        "stacked": {"coverage": 5.0, "coverage_std": pytest.approx(stds[1])},
    }
