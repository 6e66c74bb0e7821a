import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.digits.augmentation import Augmentation
from pipelines.digits.mnist import Digits, small_digits
from pipelines.digits.verifier import Verifier, classify, load_verifier, save_verifier
from pipelines.digits.verifier_training import VerifierSettings, train_verifier

SMALL = VerifierSettings(
    blocks=[[8], [16]],
    augmentation=Augmentation(rotation=5, scaling=0.05, shear=0.05, shift=1),
    max_epochs=8,
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


def new_network(**options) -> Verifier:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Verifier(**({"blocks": [[4, 6], [8]], "dropout": 0.5} | options))
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


def test_beliefs_are_the_softmax_of_the_logits_in_evaluation_mode():
    network, images = new_network(), noise(20, 28, 28)
    beliefs = classify(network, images)
    network.eval()
    with torch.no_grad():
        logits = network(torch.tensor(images[:, None] / 255, dtype=torch.float32))
    expected = torch.softmax(logits.double(), dim=1).numpy()
    np.testing.assert_allclose(beliefs, expected, atol=1e-6)
    np.testing.assert_allclose(beliefs.sum(axis=1), 1, atol=1e-6)


def test_each_channel_is_judged_by_itself():
    network, images = new_network(), noise(7, 28, 28, 3)
    beliefs = classify(network, images)
    assert beliefs.shape == (7, 3, 10)
    for channel in range(3):
        np.testing.assert_allclose(
            beliefs[:, channel], classify(network, images[..., channel]), atol=1e-6
        )


def test_more_images_than_a_batch_are_judged_in_their_order():
    network, images = new_network(), noise(2100, 28, 28)
    beliefs = classify(network, images)
    assert beliefs.shape == (2100, 10)
    for first in (0, 1000, 2050):
        np.testing.assert_allclose(
            beliefs[first : first + 50], classify(network, images[first : first + 50]), atol=1e-5
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


# training


def test_real_digits_are_learned_in_seconds(digits, trained):
    network, result = trained
    beliefs = classify(network, digits.test_images)
    assert (beliefs.argmax(axis=1) == digits.test_labels).mean() > 0.95
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
        few = VerifierSettings(blocks=[[4]], max_epochs=1)
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
    few = VerifierSettings(blocks=[[4]], max_epochs=1, validation_fraction=0.1)
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


# saving


def test_a_saved_verifier_comes_back_with_the_same_beliefs(trained, digits, tmp_path):
    network, _ = trained
    save_verifier(network, tmp_path)
    back = load_verifier(tmp_path)
    assert not back.training
    assert back.configuration == network.configuration
    np.testing.assert_array_equal(
        classify(back, digits.test_images), classify(network, digits.test_images)
    )


def drop_a_weight(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "verifier.safetensors")
    weights.popitem()
    save_file(weights, folder / "verifier.safetensors")


def edit(**changes) -> object:
    def write(folder: Path) -> None:
        path = folder / "verifier.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return write


def cut(name: str) -> object:
    def write(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[:-30])

    return write


@pytest.mark.parametrize(
    "damage",
    [
        drop_a_weight,
        edit(blocks=[[4, 6], [9]]),
        edit(blocks=[]),
        edit(blocks=7),
        edit(blocks=[["4"]]),
        edit(width=3),
        cut("verifier.json"),
        cut("verifier.safetensors"),
        lambda folder: (folder / "verifier.safetensors").write_bytes(b""),
        lambda folder: (folder / "verifier.json").write_text("[1, 2]"),
        lambda folder: (folder / "verifier.json").write_bytes(b"\xff\xfe"),
    ],
)
def test_a_damaged_verifier_is_refused_in_one_line(tmp_path, damage):
    save_verifier(new_network(), tmp_path)
    damage(tmp_path)
    with pytest.raises(ValueError, match=f"{tmp_path}: not a saved verifier: ") as caught:
        load_verifier(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    save_verifier(new_network(), tmp_path)
    (tmp_path / "verifier.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"verifier\.safetensors"):
        load_verifier(tmp_path)
