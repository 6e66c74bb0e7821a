"""A verifier is what its blocks say, and believes of an image what its network makes of it."""

import numpy as np
import pytest
import torch

from pipelines.digits.models.verifier import Verifier, classify, read_images


def new_network() -> Verifier:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Verifier(blocks=[[4, 6], [8]], dropout=0.5)
    # batch statistics other than the initial ones, so that the modes differ
    network(torch.rand(64, 1, 28, 28))
    return network


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


# the network


@pytest.mark.parametrize("blocks", [[[4]], [[4, 5], [6]], [[2], [3], [4], [5, 5]]])
def test_any_stack_of_blocks_gives_ten_logits_that_learn(blocks):
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
        ({"blocks": []}, r"blocks: \[\], one to four lists of positive widths expected"),
        ({"blocks": [[8], []]}, "blocks: "),
        ({"blocks": [[8, 0]]}, "blocks: "),
        ({"blocks": [[1]] * 5}, "blocks: "),
        ({"blocks": [[8]], "dropout": 1.0}, "dropout: 1.0, at least 0 and less than 1 expected"),
        ({"blocks": [[8]], "dropout": -0.1}, "dropout: -0.1"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Verifier(**arguments)


# what it believes


def test_probabilities_are_the_softmax_of_the_logits_in_evaluation_mode():
    network, images = new_network(), noise(20, 28, 28)
    probabilities = classify(network, images)
    network.eval()
    with torch.no_grad():
        logits = network(torch.tensor(images[:, None] / 255, dtype=torch.float32))
    expected = torch.softmax(logits.double(), dim=1).numpy()
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_each_channel_is_judged_by_itself():
    network, images = new_network(), noise(7, 28, 28, 3)
    probabilities = classify(network, images)
    assert probabilities.shape == (7, 3, 10)
    for channel in range(3):
        np.testing.assert_allclose(
            probabilities[:, channel], classify(network, images[..., channel]), atol=1e-6
        )


def test_more_images_than_a_batch_are_judged_in_their_order():
    network, images = new_network(), noise(2100, 28, 28)
    probabilities = classify(network, images)
    assert probabilities.shape == (2100, 10)
    for first in (0, 1000, 2050):
        np.testing.assert_allclose(
            probabilities[first : first + 50],
            classify(network, images[first : first + 50]),
            atol=1e-5,
        )


@pytest.mark.parametrize(
    "images",
    [noise(2, 28, 28) / 255, noise(2, 27, 28), noise(28, 28), noise(2, 1, 28, 28)],
    ids=["float", "size", "single", "channels_first"],
)
def test_images_of_another_kind_are_refused(images):
    with pytest.raises(
        ValueError, match=r"images: .* uint8 \[n, 28, 28\] or \[n, 28, 28, channels"
    ):
        classify(new_network(), images)


# its features


def test_features_are_the_last_activations_averaged_over_positions():
    network, images = new_network(), noise(20, 28, 28)
    reading = read_images(network.train(), images)
    seen = []
    last = network.layers[[type(layer).__name__ for layer in network.layers].index("Flatten") - 1]
    with last.register_forward_hook(lambda *passed: seen.append(passed[2])), torch.no_grad():
        network(torch.tensor(images[:, None] / 255, dtype=torch.float32))
    assert reading.features.shape == (20, 8)
    np.testing.assert_allclose(reading.features, seen[0].mean(dim=(2, 3)), atol=1e-6)
    np.testing.assert_array_equal(reading.probabilities, classify(network, images))


def test_features_of_stacks_are_those_of_their_channels_in_turn():
    network, stacks = new_network(), noise(7, 28, 28, 3)
    by_channel = [read_images(network, stacks[..., channel]).features for channel in range(3)]
    np.testing.assert_allclose(
        read_images(network, stacks).features, np.concatenate(by_channel, axis=1), atol=1e-6
    )
