"""A verifier has the layers of its settings, is trained on digits and classifies each channel."""

import numpy as np
import pytest
import torch

from pipelines.digits.data.augmentation import Augmentation
from pipelines.digits.models.settings import VerifierSettings
from pipelines.digits.models.verifier import Verifier, classify, read_images, save_verifier
from pipelines.digits.models.verifier_training import train_verifier

SMALL = VerifierSettings(
    blocks=[[8], [16]],
    augmentation=Augmentation(rotation=5, scaling=0.05, shear=0.05, shift=1),
    epochs=8,
    batch_size=50,
    learning_rate=0.02,
    validation_fraction=0.1,
)
BRIEF = VerifierSettings(blocks=[[4]], epochs=1, validation_fraction=0.1)


def new_network() -> Verifier:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Verifier(blocks=[[4, 6], [8]], dropout=0.5)
    # batch statistics other than the initial ones, so that the modes differ
    network(torch.rand(64, 1, 28, 28))
    return network


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("blocks", [[[4]], [[4, 5], [6]], [[2], [3], [4], [5, 5]]])
def test_any_blocks_give_ten_logits_and_gradients_of_all_weights(blocks):
    network = Verifier(blocks)
    logits = network(torch.rand(3, 1, 28, 28))
    assert logits.shape == (3, 10)
    logits.square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())
    widths = [
        module.out_channels
        for module in network.modules()
        if hasattr(module, "stride") and hasattr(module, "out_channels")
    ]
    assert widths == [width for block in blocks for width in block]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"blocks": []}, r"blocks: \[\], expected one to four lists of positive widths"),
        ({"blocks": [[8], []]}, "blocks: "),
        ({"blocks": [[8, 0]]}, "blocks: "),
        ({"blocks": [[1]] * 5}, "blocks: "),
        ({"blocks": [[8]], "dropout": 1.0}, "dropout: 1.0, expected at least 0 and less than 1"),
        ({"blocks": [[8]], "dropout": -0.1}, "dropout: -0.1"),
    ],
)
def test_invalid_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Verifier(**arguments)


def test_probabilities_are_the_softmax_of_the_logits_in_evaluation_mode():
    network, images = new_network(), noise(20, 28, 28)
    probabilities = classify(network, images)
    network.eval()
    with torch.no_grad():
        logits = network(torch.tensor(images[:, None] / 255, dtype=torch.float32))
    expected = torch.softmax(logits.double(), dim=1).numpy()
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)


def test_each_channel_is_classified_separately():
    network, stacks = new_network(), noise(7, 28, 28, 3)
    reading = read_images(network, stacks)
    channels = [read_images(network, stacks[..., channel]) for channel in range(3)]
    probabilities = np.stack([each.probabilities for each in channels], axis=1)
    np.testing.assert_allclose(reading.probabilities, probabilities, atol=1e-6)
    features = np.concatenate([each.features for each in channels], axis=1)
    np.testing.assert_allclose(reading.features, features, atol=1e-6)


def test_more_images_than_a_batch_are_classified_in_their_order():
    network, images = new_network(), noise(2100, 28, 28)
    probabilities = classify(network, images)
    assert probabilities.shape == (2100, 10)
    for first in (0, 1000, 2050):
        rows = slice(first, first + 50)
        np.testing.assert_allclose(probabilities[rows], classify(network, images[rows]), atol=1e-5)


@pytest.mark.parametrize(
    "images",
    [noise(2, 28, 28) / 255, noise(2, 27, 28), noise(28, 28), noise(2, 1, 28, 28)],
    ids=["none", "size", "single", "channels_first"],
)
def test_images_of_another_kind_are_refused(images):
    expected = r"images: .* uint8 \[n, 28, 28\] or \[n, 28, 28, channels"
    with pytest.raises(ValueError, match=expected):
        classify(new_network(), images)


def test_features_are_the_last_activations_averaged_over_positions():
    network, images = new_network(), noise(20, 28, 28)
    reading = read_images(network.train(), images)
    activations = []
    last = network.layers[[type(layer).__name__ for layer in network.layers].index("Flatten") - 1]
    with last.register_forward_hook(lambda *passed: activations.append(passed[2])), torch.no_grad():
        network(torch.tensor(images[:, None] / 255, dtype=torch.float32))
    assert reading.features.shape == (20, 8)
    np.testing.assert_allclose(reading.features, activations[0].mean(dim=(2, 3)), atol=1e-6)
    np.testing.assert_array_equal(reading.probabilities, classify(network, images))


def test_real_digits_are_learned_in_seconds(digits):
    images, labels = digits.train_images, digits.train_labels
    network, result = train_verifier(images, labels, SMALL, seed=0, device="cpu")
    probabilities = classify(network, digits.test_images)
    assert (probabilities.argmax(axis=1) == digits.test_labels).mean() > 0.95
    assert result.best_score == min(row["validation/loss"] for row in result.history)
    splits, scores = ("train", "validation"), ("accuracy", "loss")
    names = [f"{split}/{score}" for split in splits for score in scores]
    assert list(result.history[0]) == ["epoch", "learning_rate", *names]


def brief_training(digits, folder, *, seed, labels=None):
    """Train on 300 images and return the saved bytes and the score."""
    labels = digits.train_labels[:300] if labels is None else labels
    images = digits.train_images[:300]
    network, result = train_verifier(images, labels, BRIEF, seed=seed, device="cpu")
    save_verifier(network, folder)
    return [path.read_bytes() for path in sorted(folder.iterdir())], result.best_score


def test_the_weights_depend_on_the_seed_alone(digits, tmp_path):
    saved = []
    for number, seed in enumerate((1, 1, 2)):
        torch.manual_seed(number)
        saved.append(brief_training(digits, tmp_path, seed=seed))
    assert saved[0] == saved[1]
    assert saved[0][0] != saved[2][0]


def test_training_does_not_depend_on_validation_labels(digits, tmp_path):
    """Change the labels of held-out images, which must not change the weights."""
    labels = digits.train_labels[:300].copy()
    first, score = brief_training(digits, tmp_path, seed=5, labels=labels)
    held_out = np.random.default_rng(5).permutation(300)[-30:]
    labels[held_out] = (labels[held_out] + 1) % 10
    second, other_score = brief_training(digits, tmp_path, seed=5, labels=labels)
    assert first == second
    assert score != other_score


@pytest.mark.parametrize("fraction", [0.0001, 1.0])
def test_an_empty_split_is_refused(digits, fraction):
    settings = VerifierSettings(validation_fraction=fraction)
    with pytest.raises(ValueError, match=f"validation_fraction: {fraction} of 1500 images"):
        train_verifier(digits.train_images, digits.train_labels, settings, seed=0)
