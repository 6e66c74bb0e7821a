"""Anomaly scores and likelihoods of a small network that is trained on real digits."""

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from sklearn.metrics import average_precision_score, roc_auc_score
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from pipelines.digits.data.digit_set import DigitSet
from pipelines.digits.data.stacking import draw_stacks, split_channels, stacked_images
from pipelines.digits.evaluation.anomaly import anomaly_columns, anomaly_metrics
from pipelines.digits.evaluation.likelihood import likelihood_metrics
from pipelines.digits.models.anomaly_score import highest_channel
from pipelines.digits.models.autoencoder import Architecture
from pipelines.digits.models.autoencoder_training import train_autoencoder
from pipelines.digits.models.settings import AutoencoderSettings
from pipelines.digits.models.trained_autoencoder import TrainedAutoencoder, with_latents_of

ALWAYS = ["reconstruction", "density_corrected"]
COLUMNS = [*ALWAYS, "elbo", "marginal_likelihood"]


def trained_on(images, kind: str, channels: int = 1) -> TrainedAutoencoder:
    settings = AutoencoderSettings(
        kind=kind,
        architecture=Architecture(channels, latent_dim=4, widths=[8], hidden_dim=32),
        epochs=4 if channels == 1 else 1,
        batch_size=32,
        learning_rate=0.02,
    )
    network, _ = train_autoencoder(images, settings, seed=0, device="cpu")
    if channels == 3:
        images = stacked_images(images, draw_stacks(len(images), 300, np.random.default_rng(0)))
    return with_latents_of(images, network, "dynamic", components=5, seed=0)


@pytest.fixture(scope="module")
def variational(digits):
    return trained_on(digits.train_images, "variational")


@pytest.fixture(scope="module")
def plain(digits):
    return trained_on(digits.train_images, "autoencoder")


@pytest.fixture(scope="module")
def three_channels(digits):
    return trained_on(digits.train_images, "variational", channels=3)


@pytest.fixture(scope="module")
def stacks(digits):
    return stacked_images(digits.test_images, draw_stacks(297, 30, np.random.default_rng(0)))


def columns_of(trained, images, marginal_samples=200, seed=3):
    return anomaly_columns(trained, images, marginal_samples=marginal_samples, seed=seed)


@pytest.mark.parametrize(
    ("name", "expected"), [("variational", COLUMNS), ("plain", ALWAYS), ("three_channels", COLUMNS)]
)
def test_each_kind_of_network_has_its_anomaly_scores(name, expected, stacks, request):
    columns = columns_of(request.getfixturevalue(name), stacks)
    assert list(columns) == expected
    for scores in columns.values():
        assert scores.shape == (30,)
        assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", ["variational", "plain"])
@pytest.mark.parametrize("kind", ["noise", "inverted", "rotated"])
def test_images_without_digits_have_higher_scores(name, kind, digits, request):
    normal = digits.test_images
    anomalies = {
        "noise": np.random.default_rng(0).integers(0, 256, normal.shape, dtype=np.uint8),
        "inverted": 255 - normal,
        "rotated": np.rot90(normal, axes=(1, 2)).copy(),
    }[kind]
    columns = columns_of(request.getfixturevalue(name), np.concatenate([normal, anomalies]))
    anomalous = np.repeat([False, True], len(normal))
    for column, scores in columns.items():
        area = roc_auc_score(anomalous, scores)
        assert area > (0.6 if kind == "rotated" else 0.99), column


def test_the_negative_log_marginal_likelihood_is_that_of_a_loop(variational, digits):
    images = digits.test_images[:5]
    actual = columns_of(variational, images)["marginal_likelihood"]
    # the noise of the bound precedes the latents
    generator = torch.Generator().manual_seed(3)
    for _ in range(4):
        torch.randn(5, 4, generator=generator)
    latents = variational.prior.sample(200, generator)
    with torch.no_grad():
        logits = variational.network.decode(latents).double()
    for image, score in zip(images, actual, strict=True):
        pixels = torch.tensor(image[None] / 255)
        log_p = [
            float(Bernoulli(logits=each, validate_args=False).log_prob(pixels).sum())
            for each in logits
        ]
        assert score == pytest.approx(math.log(200) - logsumexp(log_p), rel=1e-4)


def test_the_negative_bound_is_that_of_torch_distributions(variational, digits):
    images = digits.test_images[:50]
    actual = columns_of(variational, images)["elbo"]
    pixels = torch.tensor(images[:, None] / 255, dtype=torch.float32)
    with torch.no_grad():
        mean, log_variance = variational.network.encode(pixels)
        q = Normal(mean, (log_variance / 2).exp())
        kl = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
        bounds = []
        for _ in range(100):
            logits = variational.network.decode(q.sample())
            likelihood = Independent(Bernoulli(logits=logits, validate_args=False), 3)
            bounds.append(likelihood.log_prob(pixels) - kl)
    expected = -torch.stack(bounds).mean(0).numpy()
    # standard error of the mean of four samples
    std = torch.stack(bounds).std(0).numpy() / 2
    assert (np.abs(actual - expected) < 5 * std).all()


@pytest.mark.parametrize("name", ["variational", "plain"])
def test_a_stack_has_the_highest_score_of_its_channels(name, stacks, request):
    trained = request.getfixturevalue(name)
    actual, singles = columns_of(trained, stacks), columns_of(trained, split_channels(stacks))
    for column, scores in singles.items():
        np.testing.assert_allclose(actual[column], highest_channel(scores, 3), rtol=1e-3)


def test_the_same_seed_gives_the_same_scores(variational, digits):
    images = digits.test_images[:10]
    first, repeated, other = (columns_of(variational, images, 20, seed) for seed in (1, 1, 2))
    for column in COLUMNS:
        assert np.array_equal(first[column], repeated[column])
        assert np.array_equal(first[column], other[column]) == (column in ALWAYS)


def test_scores_are_evaluated_on_single_images_and_stacks(digits):
    members = draw_stacks(297, 200, np.random.default_rng(0))
    test = DigitSet(digits.test_images, digits.test_labels, members)
    scores = np.random.default_rng(1).random(297) + 0.4 * (digits.test_labels == 8)
    actual = anomaly_metrics({"some": scores, "opposite": -scores}, test, 1, 8)
    assert set(actual) == {"single", "stacked"}
    stack_scores = np.array([max(scores[i] for i in stack) for stack in members])
    stack_eights = np.array([any(digits.test_labels[i] == 8 for i in stack) for stack in members])
    for unit, values, eights in [
        ("single", scores, digits.test_labels == 8),
        ("stacked", stack_scores, stack_eights),
    ]:
        highest = np.argsort(-values)[:20]
        assert actual[unit]["some"] == {
            "auroc": pytest.approx(roc_auc_score(eights, values)),
            "average_precision": pytest.approx(average_precision_score(eights, values)),
            "hits": eights[highest].sum(),
        }
    single = actual["single"]
    assert single["opposite"]["auroc"] == pytest.approx(1 - single["some"]["auroc"])
    metrics = anomaly_metrics({"some": stack_scores}, test, 3, 8)
    assert metrics == {"stacked": {"some": actual["stacked"]["some"]}}


def test_the_likelihood_is_higher_than_its_bound(variational, digits):
    for images, count in ((digits.test_images, 40), (digits.test_images[:40], 99)):
        actual = likelihood_metrics(variational, images, count=count, samples=200, seed=0)
        assert (actual["nll_images"], actual["nll_samples"]) == (40, 200)
        assert actual["nll"] < -actual["elbo"]


def test_a_subset_estimates_the_likelihood_within_the_standard_error(variational, digits):
    options = {"samples": 100, "seed": 0}
    every = likelihood_metrics(variational, digits.test_images, count=999, **options)
    for count in (20, 60):
        some = likelihood_metrics(variational, digits.test_images, count=count, **options)
        assert abs(some["nll"] - every["nll"]) < 3 * some["nll_standard_error"]
        assert some["nll_standard_error"] < 0.5  # for a plain mean over 20 images, at least 5


def test_grey_levels_are_binarised_at_random_or_at_the_threshold_of_training(variational, digits):
    images = digits.test_images[:30]
    black_and_white = np.where(images > 127, 255, 0).astype(np.uint8)
    options = {"count": 5, "samples": 20, "seed": 0}
    at_threshold = TrainedAutoencoder(**vars(variational) | {"binarization": "threshold"})
    assert likelihood_metrics(at_threshold, images, **options) == likelihood_metrics(
        variational, black_and_white, **options
    )
    grey = likelihood_metrics(variational, images, **options)
    # randomly binarised edges are ragged and therefore less likely
    assert grey["elbo"] < likelihood_metrics(at_threshold, images, **options)["elbo"]
    other = likelihood_metrics(variational, images, **options | {"seed": 1})
    assert grey["elbo"] != other["elbo"]
    assert grey == likelihood_metrics(variational, images, **options)


def test_stacks_have_a_likelihood_and_plain_autoencoders_have_none(three_channels, plain, stacks):
    actual = likelihood_metrics(three_channels, stacks, count=4, samples=50, seed=0)
    assert actual["nll_images"] == 4
    assert 0 < actual["nll"] < 3 * 784
    with pytest.raises(ValueError, match=r"^trained: .* expected a variational one"):
        likelihood_metrics(plain, stacks, count=1, samples=1, seed=0)
