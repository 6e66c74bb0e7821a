"""The training of autoencoders is reproducible and resumes bit for bit after a kill."""

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from pipelines.digits.data.stacking import pixel_values
from pipelines.digits.models import autoencoder_training
from pipelines.digits.models.autoencoder import Architecture, Autoencoder
from pipelines.digits.models.autoencoder_training import train_autoencoder
from pipelines.digits.models.settings import AutoencoderSettings
from pipelines.digits.models.variational import VariationalAutoencoder
from pipelines.training import DivergenceError

TINY = {"latent_dim": 3, "widths": [4], "hidden_dim": 16}


@pytest.fixture(scope="module")
def images(digits):
    return digits.train_images


def train(images, *, seed=0, channels=1, precision="32-true", **options):
    calls = {name: options.pop(name, None) for name in ("checkpoint_folder", "on_epoch")}
    options = {"epochs": 3, "batch_size": 32, "validation_fraction": 0.2} | options
    settings = AutoencoderSettings(architecture=Architecture(channels, **TINY), **options)
    return train_autoencoder(
        images, settings, seed=seed, device="cpu", precision=precision, **calls
    )


def bits(network: torch.nn.Module) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in network.state_dict().items()}


VARIANTS = {
    "autoencoder": {"kind": "autoencoder", "binarization": "none"},
    "variational": {"kind": "variational", "binarization": "dynamic"},
    "importance_weighted": {"kind": "variational", "importance_samples": 3},
    "warmed_up": {"kind": "variational", "kl_warmup": 1.5},
    "stacks": {"kind": "variational", "channels": 3},
}


@pytest.mark.parametrize("kind", ["autoencoder", "variational"])
def test_the_validation_loss_decreases(images, kind):
    architecture = Architecture(latent_dim=8, widths=[8], hidden_dim=64)
    options = {"binarization": "threshold", "epochs": 5, "batch_size": 32, "learning_rate": 0.02}
    larger = AutoencoderSettings(kind=kind, architecture=architecture, **options)
    network, result = train_autoencoder(images, larger, seed=0, device="cpu")
    assert type(network) is (Autoencoder if kind == "autoencoder" else VariationalAutoencoder)
    assert not network.training
    losses = [row["validation/loss"] for row in result.history]
    assert losses == sorted(losses, reverse=True)
    assert result.best_score == losses[-1]
    # the baseline predicts the mean image
    white = images > 127
    mean = white.mean(axis=0).clip(1e-3, 1 - 1e-3)
    baseline = -np.where(white, np.log(mean), np.log(1 - mean)).sum(axis=(1, 2)).mean()
    assert result.best_score < 0.95 * baseline


@pytest.mark.parametrize("binarization", ["dynamic", "threshold", "none"])
@pytest.mark.parametrize("kind", ["autoencoder", "variational"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_kind_supports_every_binarization(images, kind, binarization, channels):
    network, result = train(
        images[:64], kind=kind, binarization=binarization, channels=channels, epochs=1
    )
    row = result.history[0]
    terms = ["loss"] if kind == "autoencoder" else ["kl", "loss", "reconstruction"]
    names = [f"{split}/{term}" for split in ("train", "validation") for term in terms]
    assert list(row) == ["epoch", "learning_rate", *names]
    assert 0 < row["validation/loss"] < 784 * channels
    if kind == "variational":
        for split in ("train", "validation"):
            assert row[f"{split}/loss"] == pytest.approx(
                row[f"{split}/reconstruction"] + row[f"{split}/kl"], rel=1e-5
            )
    assert network.architecture.in_channels == channels


def test_the_loss_is_the_cross_entropy_summed_over_pixels_of_held_out_images(images):
    network, result = train(images[:300], kind="autoencoder", binarization="none", seed=5)
    held_out = images[:300][np.random.default_rng(5).permutation(300)[-60:]]
    pixels = torch.tensor(held_out[:, None] / 255, dtype=torch.float32)
    with torch.no_grad():
        logits = network.decode(network.encode(pixels))
    loss = binary_cross_entropy_with_logits(logits, pixels, reduction="sum") / 60
    assert result.best_score == pytest.approx(float(loss), rel=1e-5)


def test_a_warm_up_raises_the_kl_and_the_metrics_use_its_full_weight(images):
    options = {"binarization": "threshold", "learning_rate": 0.02}
    histories = [train(images, kl_warmup=epochs, **options)[1].history for epochs in (0, 1000)]
    cold, warm = (np.array([row["train/kl"] for row in history]) for history in histories)
    assert warm[-1] > 1.5 * cold[-1]
    for row in histories[1]:
        for split in ("train", "validation"):
            terms = row[f"{split}/reconstruction"] + row[f"{split}/kl"]
            assert row[f"{split}/loss"] == pytest.approx(terms)


def test_more_importance_samples_give_a_tighter_bound(images):
    single, many = (train(images[:500], importance_samples=samples)[1] for samples in (1, 20))
    assert many.best_score < single.best_score


def test_stacks_hold_every_image_of_a_batch_once_in_each_channel(images, monkeypatch):
    batches = []

    def spy(batch, mode):
        batches.append(batch.clone())
        return pixel_values(batch, mode)

    monkeypatch.setattr(autoencoder_training, "pixel_values", spy)
    distinct = np.unique(images, axis=0)[:100]
    train(distinct, channels=3, epochs=2, batch_size=80)
    assert [tuple(batch.shape) for batch in batches] == [(80, 3, 28, 28), (20, 3, 28, 28)] * 2
    orders = []
    for batch in batches:
        channels = [[image.numpy().tobytes() for image in batch[:, c]] for c in range(3)]
        assert sorted(channels[0]) == sorted(channels[1]) == sorted(channels[2])
        assert len(set(channels[0])) == len(batch)
        assert channels[0] != channels[1] != channels[2] != channels[0]
        orders.append([channels[0].index(image) for image in channels[1]])
    assert orders[0] != orders[2]


def test_training_does_not_depend_on_validation_images(images):
    few = images[:100].copy()
    held_out = np.random.default_rng(3).permutation(100)[-20:]
    first, before = train(few, seed=3, epochs=1)
    few[held_out] = 255 - few[held_out]
    second, after = train(few, seed=3, epochs=1)
    assert bits(first) == bits(second)
    assert before.best_score != after.best_score


def test_mixed_precision_gives_a_similar_loss(images):
    full, mixed = (train(images[:500], precision=name)[1] for name in ("32-true", "bf16-mixed"))
    assert mixed.best_score == pytest.approx(full.best_score, rel=0.03)
    assert mixed.best_score != full.best_score


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_resumed_training_equals_an_uninterrupted_one_bit_for_bit(images, tmp_path, variant):
    def kill(epoch: int, row: dict[str, float]) -> None:
        if epoch == 2:
            raise InterruptedError

    few, options = images[:150], VARIANTS[variant]
    uninterrupted, expected = train(few, **options)
    with pytest.raises(InterruptedError):
        train(few, **options, checkpoint_folder=tmp_path, on_epoch=kill)
    resumed, result = train(few, **options, checkpoint_folder=tmp_path)
    assert result.resumed_epochs == 2
    assert result.history == expected.history
    assert (result.best_epoch, result.best_score) == (expected.best_epoch, expected.best_score)
    assert bits(resumed) == bits(uninterrupted)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_weights_depend_on_the_seed_alone(images, variant):
    weights = []
    for number, seed in enumerate((1, 1, 2)):
        torch.manual_seed(number)
        before = torch.get_rng_state()
        network, _ = train(images[:64], seed=seed, epochs=1, **VARIANTS[variant])
        assert torch.equal(torch.get_rng_state(), before)
        weights.append(bits(network))
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_a_last_batch_of_one_image_is_dropped(images):
    """Train on 81 images in batches of 40: batch normalisation needs at least two images."""
    _, result = train(images[:101], batch_size=40, epochs=1)
    assert len(result.history) == 1


def test_a_diverging_training_leaves_the_last_good_checkpoint(images, tmp_path, monkeypatch):
    poisoned = []

    def poison(batch, mode):
        return pixel_values(batch, mode) * (torch.nan if poisoned else 1)

    def after(epoch: int, row: dict[str, float]) -> None:
        if epoch == 2:
            poisoned.append(True)

    with monkeypatch.context() as patched:
        patched.setattr(autoencoder_training, "pixel_values", poison)
        with pytest.raises(DivergenceError, match="training diverged in epoch 3: train/kl nan"):
            train(images[:100], checkpoint_folder=tmp_path, on_epoch=after)
    network, result = train(images[:100], checkpoint_folder=tmp_path)
    assert result.resumed_epochs == 2
    assert bits(network) == bits(train(images[:100])[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation_fraction": 0.001}, "validation_fraction: 0.001 of 100 images"),
        ({"validation_fraction": 1.0}, "validation_fraction: 1.0 of 100 images"),
        ({"kind": "diffusion"}, "kind: 'diffusion', expected one of autoencoder, variational"),
        ({"importance_samples": 0}, "importance_samples: 0, expected at least 1"),
        ({"batch_size": 1}, "batch_size: 1, expected at least 2"),
        ({"kind": "autoencoder", "importance_samples": 5}, "importance_samples: 5, .*and 1 for an"),
        ({"kl_warmup": -1.0}, "kl_warmup: -1.0, expected at least 0"),
        ({"kl_warmup": 1.0, "importance_samples": 5}, "kl_warmup: 1.0, .*0 except for"),
        ({"kl_warmup": 1.0, "kind": "autoencoder"}, "kl_warmup: 1.0, .*0 except for"),
    ],
)
def test_invalid_settings_are_refused_in_one_line(images, options, message):
    with pytest.raises(ValueError, match=f"^{message}") as caught:
        train(images[:100], **options)
    assert "\n" not in str(caught.value)
