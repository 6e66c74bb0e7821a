"""Anomaly scores and detection metrics agree with their definitions."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli

from pipelines.digits.evaluation.anomaly import (
    DetectionScores,
    detection_scores,
    holds_digit,
    log_marginal_likelihood,
)
from pipelines.digits.models.anomaly_score import (
    DensityCorrectedScore,
    highest_channel,
    squared_error,
)


def test_the_marginal_likelihood_is_the_mean_likelihood_over_samples(generator):
    pixels = torch.bernoulli(torch.full((5, 1, 4, 4), 0.5), generator=generator)
    logits = 2 * torch.randn(30, 1, 4, 4, generator=generator)
    for image, actual in zip(pixels, log_marginal_likelihood(pixels, logits), strict=True):
        likelihoods = [Bernoulli(logits=each).log_prob(image).sum().exp() for each in logits]
        assert float(actual) == pytest.approx(math.log(sum(likelihoods) / 30), rel=1e-5)


def test_the_marginal_likelihood_of_large_images_does_not_underflow(generator):
    logits = 20 * torch.randn(50, 784, generator=generator)
    pixels = torch.bernoulli(torch.full((3, 784), 0.5), generator=generator)
    actual = log_marginal_likelihood(pixels, logits)
    nearest = torch.stack(
        [Bernoulli(logits=logits).log_prob(image).sum(1).max() for image in pixels]
    )
    assert (nearest < -1000).all()
    assert torch.allclose(actual, nearest - math.log(50), atol=1)
    repeated = log_marginal_likelihood(pixels.repeat(900, 1), logits)
    assert torch.allclose(repeated, actual.repeat(900)), "batches must not change the result"


def test_the_squared_error_is_summed_over_pixels(generator):
    pixels, logits = torch.rand(2, 3, 1, 5, 5, generator=generator)
    expected = ((pixels - 1 / (1 + torch.exp(-logits))) ** 2).sum(dim=(1, 2, 3))
    assert torch.allclose(squared_error(pixels, logits), expected)


@pytest.fixture
def training():
    generator = np.random.default_rng(0)
    return generator.lognormal(3, 0.5, size=4000), generator.normal(-15, 4, size=4000)


def test_larger_errors_and_lower_densities_raise_the_corrected_score_in_any_unit(training):
    score = DensityCorrectedScore.fit(*training)
    assert score.score(np.array([math.exp(3)]), np.array([-15.0])) == pytest.approx(0, abs=0.05)
    errors, log_densities = np.array([20.0, 40.0, 20.0, 40.0]), np.array([-15.0, -15, -40, -40])
    normal, high_error, low_density, both = score.score(errors, log_densities)
    assert normal < min(high_error, low_density)
    assert both - normal == pytest.approx((high_error - normal) + (low_density - normal))
    other_units = training[0] / 784, training[1] / math.log(2) + 7
    actual = DensityCorrectedScore.fit(*other_units).score(*other_units)
    assert actual == pytest.approx(score.score(*training))


def test_the_corrected_score_detects_anomalies_that_error_or_density_alone_miss(training):
    generator = np.random.default_rng(1)
    errors, log_densities = (np.concatenate([values, values[:200]]) for values in training)
    errors[-200:-100] = generator.lognormal(5, 0.3, size=100)
    log_densities[-100:] = generator.normal(-45, 4, size=100)
    anomalous = np.arange(4200) >= 4000
    both = DensityCorrectedScore.fit(*training).score(errors, log_densities)
    actual = detection_scores(both, anomalous).auroc
    assert actual > 0.99
    assert detection_scores(errors, anomalous).auroc < 0.8
    assert detection_scores(-log_densities, anomalous).auroc < 0.8


def test_detection_scores_are_those_counted_by_hand():
    """Check a case with 5 of 6 pairs in order, and precisions 1/1 and 2/3 at the anomalies."""
    anomalous = np.array([True, False, True, False, False])
    actual = detection_scores(np.array([0.9, 0.8, 0.7, 0.2, 0.1]), anomalous, top=2)
    assert actual == DetectionScores(
        auroc=pytest.approx(5 / 6), average_precision=pytest.approx((1 + 2 / 3) / 2), hits=1, top=2
    )
    first = np.arange(100) < 10
    assert detection_scores(np.arange(100.0), first).auroc == 0
    assert detection_scores(-np.arange(100.0), first).hits == 10


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (
            lambda: DensityCorrectedScore.fit(np.zeros(9), np.arange(9.0)),
            "errors: expected positive values",
        ),
        (
            lambda: DensityCorrectedScore.fit(np.ones(9), np.arange(9.0)),
            "errors, log_densities: expected values that differ",
        ),
        (lambda: detect([0.1, math.nan, 0.3], [1, 0, 1]), "scores: .* each of 3 images"),
        (lambda: detect([0.1, 0.2], [1, 0, 1]), "scores: .* each of 3 images"),
        (lambda: detect([0.1, 0.2], [1, 1]), "anomalous: 2 of 2 images, expected some but not all"),
        (lambda: detect([0.1, 0.2], [0, 0]), "anomalous: 0 of 2 images, expected some but not all"),
    ],
)
def test_invalid_scores_are_refused(compute, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        compute()


def detect(scores, anomalous):
    return detection_scores(np.array(scores), np.array(anomalous, bool))


def test_a_stack_holds_a_digit_if_any_channel_does():
    labels = np.array([8, 80, 800, 888, 179, 0])
    assert holds_digit(labels, 8, 3).tolist() == [True, True, True, True, False, False]
    assert holds_digit(labels, 0, 3).tolist() == [True, True, True, False, False, True]
    assert holds_digit(np.array([8, 3], dtype=np.uint8), 8).tolist() == [True, False]


def test_a_stack_has_the_highest_score_of_its_channels():
    scores = np.array([0.1, 0.9, 0.2, 0.3, 0.3, 0.4])
    assert highest_channel(scores, 3).tolist() == [0.9, 0.4]
