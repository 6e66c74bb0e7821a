"""A saved verifier comes back believing the same, or not at all."""

import numpy as np
import pytest

from pipelines.checksums import write_checksums
from pipelines.digits.data.mnist import Digits, small_digits
from pipelines.digits.models.settings import VerifierSettings
from pipelines.digits.models.verifier import Verifier, classify, load_verifier, save_verifier
from pipelines.digits.models.verifier_training import train_verifier
from tests.pipelines.digits.damage import cut, edit, lose_a_weight


@pytest.fixture(scope="module")
def digits() -> Digits:
    return small_digits()


@pytest.fixture(scope="module")
def trained(digits) -> Verifier:
    """Briefly: what it believes need not be right to come back."""
    few = VerifierSettings(blocks=[[4, 6], [8]], epochs=1)
    images, labels = digits.train_images[:300], digits.train_labels[:300]
    return train_verifier(images, labels, few, seed=0, device="cpu")[0]


def test_a_saved_verifier_comes_back_with_the_same_probabilities(trained, digits, tmp_path):
    save_verifier(trained, tmp_path)
    back = load_verifier(tmp_path)
    assert not back.training
    assert back.configuration == trained.configuration
    np.testing.assert_array_equal(
        classify(back, digits.test_images), classify(trained, digits.test_images)
    )


@pytest.mark.parametrize(
    "damage",
    [
        lose_a_weight("verifier.safetensors"),
        edit("verifier.json", blocks=[[4, 6], [9]]),
        edit("verifier.json", blocks=[]),
        edit("verifier.json", blocks=7),
        edit("verifier.json", blocks=[["4"]]),
        edit("verifier.json", width=3),
        cut("verifier.json"),
        cut("verifier.safetensors"),
        lambda folder: (folder / "verifier.safetensors").write_bytes(b""),
        lambda folder: (folder / "verifier.json").write_text("[1, 2]"),
        lambda folder: (folder / "verifier.json").write_bytes(b"\xff\xfe"),
    ],
)
def test_a_damaged_verifier_is_refused_in_one_line(trained, tmp_path, damage):
    save_verifier(trained, tmp_path)
    damage(tmp_path)
    write_checksums(tmp_path)
    with pytest.raises(ValueError, match=f"{tmp_path}: not a saved verifier: ") as caught:
        load_verifier(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(trained, tmp_path):
    save_verifier(trained, tmp_path)
    (tmp_path / "verifier.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"verifier\.safetensors"):
        load_verifier(tmp_path)
