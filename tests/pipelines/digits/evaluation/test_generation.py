"""What is measured of an autoencoder that copies real digits is what is measured of the digits."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from pipelines.digits.data.digit_set import DigitSet
from pipelines.digits.data.mnist import small_digits
from pipelines.digits.data.stacking import draw_stacks, stacked_images, stacked_labels
from pipelines.digits.evaluation.frechet import frechet_distance
from pipelines.digits.evaluation.generation import (
    generation_metrics,
    mean_and_spread,
    real_metrics,
)
from pipelines.digits.evaluation.generation_scores import Tolerances, generation_scores
from pipelines.digits.evaluation.reconstruction import reconstruction_metrics
from pipelines.digits.models.anomaly_score import CorrectedScore
from pipelines.digits.models.autoencoder import Architecture, Autoencoder
from pipelines.digits.models.latents import LatentDensity, standard_normal
from pipelines.digits.models.settings import VerifierSettings
from pipelines.digits.models.trained_autoencoder import TrainedAutoencoder
from pipelines.digits.models.verifier import Verifier, classify, read_images
from pipelines.digits.models.verifier_training import train_verifier

COUNT, MODES = 60, 90
TOLERANCES = Tolerances(mono=0.7, stacked=0.35)


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    """Trained just enough to be sure of some images and not of others, and sometimes wrong."""
    digits = small_digits()
    briefly = VerifierSettings(blocks=[[6], [8]], epochs=1, batch_size=50, learning_rate=0.02)
    return train_verifier(digits.train_images, digits.train_labels, briefly, seed=0, device="cpu")[
        0
    ]


@pytest.fixture(scope="module")
def test() -> DigitSet:
    digits = small_digits()
    members = draw_stacks(len(digits.test_labels), MODES, np.random.default_rng(0))
    return DigitSet(digits.test_images, digits.test_labels, members)


@pytest.fixture(scope="module")
def training() -> DigitSet:
    digits = small_digits()
    members = draw_stacks(400, MODES, np.random.default_rng(1))
    return DigitSet(digits.train_images[:400], digits.train_labels[:400], members)


class Copier(Autoencoder):
    """Its latent is the number of an image that it knows, or in its prior a number near one."""

    def __init__(self, known: np.ndarray, channels: int) -> None:
        nn.Module.__init__(self)
        self.architecture = Architecture(channels=channels, latent=1)
        grey = torch.tensor(known / 255, dtype=torch.float32)
        self.known = grey[:, None] if channels == 1 else grey.permute(0, 3, 1, 2)
        self.device_mark = nn.Parameter(torch.zeros(1))

    def encode(self, pixels):
        distances = torch.cdist(pixels.flatten(1), self.known.flatten(1))
        return distances.argmin(dim=1, keepdim=True).float()

    def decode(self, latents):
        return self.known[latents[:, 0].round().long()].logit(eps=1e-4)


def copier(known: np.ndarray, channels: int = 1) -> TrainedAutoencoder:
    """Draws every known image alike often."""
    number = len(known)
    density = LatentDensity(
        weights=torch.full((number,), 1 / number, dtype=torch.float64),
        means=torch.arange(number, dtype=torch.float64)[:, None],
        factors=torch.full((number, 1, 1), 0.01, dtype=torch.float64),
    )
    network = Copier(known, channels)
    correction = CorrectedScore(0.0, 1.0, 0.0, 1.0)
    return TrainedAutoencoder(network, "float", standard_normal(1), density, correction)


def drawn_numbers(trained: TrainedAutoencoder, count: int, seed: int) -> np.ndarray:
    latents = trained.mixture.sample(count, torch.Generator().manual_seed(seed))
    return latents[:, 0].round().long().numpy()


# generation


def test_generated_copies_of_real_digits_score_as_the_digits_do(verifier, test, training):
    trained = copier(test.images)
    numbers = drawn_numbers(trained, COUNT, seed=5)
    members = draw_stacks(COUNT, MODES, np.random.default_rng(5))
    same = DigitSet(test.images[numbers], test.labels[numbers], members)
    features = read_images(verifier, training.images[:COUNT]).features
    found = generation_metrics(
        *(trained, verifier, "mixture", features, TOLERANCES), count=COUNT, modes=MODES, seed=5
    )
    expected = real_metrics(verifier, same, training, TOLERANCES, COUNT)
    distance = frechet_distance(read_images(verifier, same.images[:COUNT]).features, features)
    assert found["mono"].pop("frechet_distance") == pytest.approx(distance, rel=1e-3)
    del expected["mono"]["frechet_distance"], expected["stacked"]["frechet_distance"]
    assert set(found) == set(expected) == {"mono", "stacked", "stacked_modes"}
    for part in found:
        assert found[part] == pytest.approx(expected[part], abs=1e-6), part
    # neither everything nor nothing is predictable, or the numbers would say little
    assert 0.1 < found["mono"]["predictability"] < 0.9
    assert 0.1 < found["stacked"]["predictability"] < 0.9


def test_stacks_are_believed_as_if_the_verifier_saw_them_as_stacks(verifier, test, training):
    """The stacks' scores come from single images' probabilities, without classifying again."""
    stacks = stacked_images(test.images, test.members)
    found = real_metrics(verifier, test, training, TOLERANCES, COUNT)
    probabilities = classify(verifier, stacks)
    for part, seen in [("stacked", probabilities[:COUNT]), ("stacked_modes", probabilities)]:
        expected = generation_scores(seen, TOLERANCES.stacked).to_metrics()
        compared = {name: found[part][name] for name in expected}
        assert compared == pytest.approx(expected, abs=1e-6)
    features = [
        read_images(verifier, stacked_images(each.images, each.members[:COUNT])).features
        for each in (test, training)
    ]
    assert found["stacked"]["frechet_distance"] == pytest.approx(
        frechet_distance(*features), rel=1e-3
    )


def test_real_single_digits_are_scored_by_brute_force(verifier, test, training):
    found = real_metrics(verifier, test, training, TOLERANCES, COUNT)["mono"]
    sure = [
        int(belief.argmax())
        for belief in classify(verifier, test.images)[:COUNT]
        if belief.max() >= TOLERANCES.mono
    ]
    shares = np.array([sure.count(digit) / len(sure) for digit in range(10)])
    assert found["predictability"] == pytest.approx(len(sure) / COUNT)
    assert found["coverage"] == pytest.approx(len(set(sure)) / 10)
    assert [found[f"share_{digit}"] for digit in range(10)] == pytest.approx(shares)
    divergence = sum(share * np.log(share * 10) for share in shares if share)
    assert found["kl_from_uniform"] == pytest.approx(divergence)
    distance = frechet_distance(
        *(read_images(verifier, each.images).features for each in (test, training))
    )
    assert found["frechet_distance"] == pytest.approx(distance)


def test_a_network_of_three_channels_is_measured_on_stacks_alone(verifier, test, training):
    trained = copier(test.units(3), channels=3)
    numbers = drawn_numbers(trained, MODES, seed=2)
    stacks = test.units(3)[numbers]
    features = read_images(verifier, training.units(3)[:COUNT]).features
    found = generation_metrics(
        *(trained, verifier, "mixture", features, TOLERANCES), count=COUNT, modes=MODES, seed=2
    )
    assert set(found) == {"stacked", "stacked_modes"}
    distance = frechet_distance(read_images(verifier, stacks[:COUNT]).features, features)
    assert found["stacked"].pop("frechet_distance") == pytest.approx(distance, rel=1e-3)
    probabilities = classify(verifier, stacks)
    for part, seen in [("stacked", probabilities[:COUNT]), ("stacked_modes", probabilities)]:
        expected = generation_scores(seen, TOLERANCES.stacked).to_metrics()
        assert found[part] == pytest.approx(expected, abs=1e-6)


def test_fewer_modes_than_images_are_refused(verifier, test):
    with pytest.raises(ValueError, match=r"^modes: 59, at least the count, 60, expected"):
        generation_metrics(
            *(copier(test.images), verifier, "mixture", np.zeros((60, 8)), TOLERANCES),
            count=60,
            modes=59,
            seed=0,
        )


# reconstruction


@pytest.mark.parametrize("channels", [1, 3])
def test_copies_are_read_as_the_images_are(verifier, test, channels):
    found = reconstruction_metrics(
        copier(test.units(channels), channels), verifier, test, TOLERANCES
    )
    expected = {
        "stacked": generation_scores(
            classify(verifier, stacked_images(test.images, test.members)),
            TOLERANCES.stacked,
            stacked_labels(test.labels, test.members),
        )
    }
    if channels == 1:
        probabilities = classify(verifier, test.images)
        expected["mono"] = generation_scores(probabilities, TOLERANCES.mono, test.labels)
    assert set(found) == set(expected)
    for part, scores in expected.items():
        for name in ("predictability", "accuracy", "image_accuracy"):
            assert found[part][name] == pytest.approx(getattr(scores, name), abs=1e-6)
    part = "mono" if channels == 1 else "stacked"
    grey = torch.tensor(test.units(channels) / 255)
    entropy = binary_cross_entropy_with_logits(grey.logit(eps=1e-4), grey, reduction="sum")
    assert found[part]["loss"] == pytest.approx(float(entropy) / len(grey), rel=1e-4)
    assert found[part]["squared_error"] == pytest.approx(0, abs=1e-4)
    assert all("loss" not in metrics for name, metrics in found.items() if name != part)


# repetitions


def test_mean_and_spread_are_those_of_every_number_that_all_repetitions_have():
    repeated = [
        {"mono": {"coverage": 1.0, "accuracy": 0.5}, "stacked": {"coverage": 3.0}},
        {"mono": {"coverage": 2.0, "accuracy": 0.5}, "stacked": {"coverage": 7.0}},
        {"mono": {"coverage": 6.0}, "stacked": {"coverage": 5.0}},
    ]
    spreads = np.std([1.0, 2.0, 6.0]), np.std([3.0, 7.0, 5.0])
    assert mean_and_spread(repeated) == {
        "mono": {"coverage": 3.0, "coverage_spread": pytest.approx(spreads[0])},
        "stacked": {"coverage": 5.0, "coverage_spread": pytest.approx(spreads[1])},
    }
