"""A verifier learns real digits, and is decided by its seed and its training images alone."""

import numpy as np
import pytest
import torch

from pipelines.digits.data.augmentation import Augmentation
from pipelines.digits.data.mnist import Digits, small_digits
from pipelines.digits.models.settings import VerifierSettings
from pipelines.digits.models.verifier import classify, save_verifier
from pipelines.digits.models.verifier_training import train_verifier

SMALL = VerifierSettings(
    blocks=[[8], [16]],
    augmentation=Augmentation(rotation=5, scaling=0.05, shear=0.05, shift=1),
    epochs=8,
    batch_size=50,
    learning_rate=0.02,
    validation_fraction=0.1,
)


@pytest.fixture(scope="module")
def digits() -> Digits:
    return small_digits()


@pytest.fixture(scope="module")
def trained(digits):
    return train_verifier(digits.train_images, digits.train_labels, SMALL, seed=0, device="cpu")


def test_real_digits_are_learned_in_seconds(digits, trained):
    network, result = trained
    probabilities = classify(network, digits.test_images)
    assert (probabilities.argmax(axis=1) == digits.test_labels).mean() > 0.95
    assert result.best_score == min(row["validation/loss"] for row in result.history)
    assert list(result.history[0]) == [
        "epoch",
        "learning_rate",
        "train/accuracy",
        "train/loss",
        "validation/accuracy",
        "validation/loss",
    ]


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(digits, trained, tmp_path):
    saved = []
    for number, seed in enumerate((1, 1, 2)):
        torch.manual_seed(number)
        few = VerifierSettings(blocks=[[4]], epochs=1)
        network, _ = train_verifier(
            digits.train_images[:300], digits.train_labels[:300], few, seed=seed, device="cpu"
        )
        folder = tmp_path / str(number)
        folder.mkdir()
        save_verifier(network, folder)
        saved.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert saved[0] == saved[1]
    assert saved[0] != saved[2]


def test_the_validation_images_are_never_learned_from(digits):
    """The images held out get wrong labels: what is learned stays bit for bit the same."""
    few = VerifierSettings(blocks=[[4]], epochs=1, validation_fraction=0.1)
    held_out = np.random.default_rng(5).permutation(300)[-30:]
    labels = digits.train_labels[:300].copy()
    weights, scores = [], []
    for _ in range(2):
        network, result = train_verifier(
            digits.train_images[:300], labels, few, seed=5, device="cpu"
        )
        weights.append(
            {name: value.numpy().tobytes() for name, value in network.state_dict().items()}
        )
        scores.append(result.best_score)
        labels[held_out] = (labels[held_out] + 1) % 10
    assert weights[0] == weights[1]
    assert scores[0] != scores[1]


@pytest.mark.parametrize("fraction", [0.0, 0.001, 1.0])
def test_a_split_without_images_on_either_side_is_refused(digits, fraction):
    with pytest.raises(ValueError, match=f"validation_fraction: {fraction} of 100 images"):
        train_verifier(
            digits.train_images[:100],
            digits.train_labels[:100],
            VerifierSettings(validation_fraction=fraction),
            seed=0,
        )
