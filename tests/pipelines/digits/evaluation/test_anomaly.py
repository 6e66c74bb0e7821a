"""Anomaly scores are what they are defined as, and are found as scikit-learn or a hand would."""

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
from pipelines.digits.models.anomaly_score import CorrectedScore, highest_channel, squared_error


def test_the_marginal_likelihood_is_the_mean_over_samples_of_the_likelihood(generator):
    pixels = torch.bernoulli(torch.full((5, 1, 4, 4), 0.5), generator=generator)
    logits = 2 * torch.randn(30, 1, 4, 4, generator=generator)
    for image, found in zip(pixels, log_marginal_likelihood(pixels, logits), strict=True):
        likelihoods = [Bernoulli(logits=each).log_prob(image).sum().exp() for each in logits]
        assert float(found) == pytest.approx(math.log(sum(likelihoods) / 30), rel=1e-5)


def test_the_marginal_likelihood_of_large_images_does_not_underflow(generator):
    logits = 20 * torch.randn(50, 784, generator=generator)
    pixels = torch.bernoulli(torch.full((3, 784), 0.5), generator=generator)
    found = log_marginal_likelihood(pixels, logits)
    nearest = torch.stack(
        [Bernoulli(logits=logits).log_prob(image).sum(1).max() for image in pixels]
    )
    assert (nearest < -1000).all()
    assert torch.allclose(found, nearest - math.log(50), atol=1)


def test_images_are_scored_alike_however_many_there_are(generator):
    pixels, logits = torch.rand(2500, 9, generator=generator), torch.randn(40, 9)
    every = log_marginal_likelihood(pixels, logits)
    assert every.shape == (2500,)
    assert torch.allclose(every[1990:2010], log_marginal_likelihood(pixels[1990:2010], logits))


def test_the_squared_error_is_summed_over_pixels(generator):
    pixels, logits = torch.rand(2, 3, 1, 5, 5, generator=generator)
    expected = ((pixels - 1 / (1 + torch.exp(-logits))) ** 2).sum(dim=(1, 2, 3))
    assert torch.allclose(squared_error(pixels, logits), expected)


@pytest.fixture
def training():
    generator = np.random.default_rng(0)
    return generator.lognormal(3, 0.5, size=4000), generator.normal(-15, 4, size=4000)


def test_a_usual_image_has_a_corrected_score_of_zero(training):
    score = CorrectedScore.fit(*training)
    assert score.score(np.array([math.exp(3)]), np.array([-15.0])) == pytest.approx(0, abs=0.05)


def test_a_larger_error_and_a_rarer_latent_each_raise_the_corrected_score(training):
    score = CorrectedScore.fit(*training)
    errors, log_densities = np.array([20.0, 40.0, 20.0, 40.0]), np.array([-15.0, -15, -40, -40])
    usual, ill_drawn, rare, both = score.score(errors, log_densities)
    assert usual < min(ill_drawn, rare)
    assert both - usual == pytest.approx((ill_drawn - usual) + (rare - usual))


def test_the_corrected_score_does_not_depend_on_units(training):
    errors, log_densities = training
    expected = CorrectedScore.fit(errors, log_densities).score(errors, log_densities)
    scaled = CorrectedScore.fit(errors / 784, log_densities / math.log(2) + 7)
    found = scaled.score(errors / 784, log_densities / math.log(2) + 7)
    assert found == pytest.approx(expected)


def test_it_finds_anomalies_of_either_kind_that_neither_half_finds_alone(training):
    generator = np.random.default_rng(1)
    errors, log_densities = (np.concatenate([values, values[:200]]) for values in training)
    errors[-200:-100] = generator.lognormal(5, 0.3, size=100)
    log_densities[-100:] = generator.normal(-45, 4, size=100)
    anomalous = np.arange(4200) >= 4000
    both = CorrectedScore.fit(*training).score(errors, log_densities)
    found = detection_scores(both, anomalous).auroc
    assert found > 0.99
    assert detection_scores(errors, anomalous).auroc < 0.8
    assert detection_scores(-log_densities, anomalous).auroc < 0.8


def test_errors_of_a_perfect_model_or_of_equal_images_are_refused(training):
    errors, log_densities = training
    with pytest.raises(ValueError, match=r"^errors: positive ones expected$"):
        CorrectedScore.fit(errors * 0, log_densities)
    with pytest.raises(ValueError, match=r"^errors, log_densities: different ones"):
        CorrectedScore.fit(np.ones(9), log_densities[:9])


def test_scores_are_judged_as_counted_by_hand():
    """Of the pairs (anomaly, normal) 5 of 6 are in order; precision is 1/1 and 2/3 at the hits."""
    scores = np.array([0.9, 0.8, 0.7, 0.2, 0.1])
    anomalous = np.array([True, False, True, False, False])
    found = detection_scores(scores, anomalous, top=2)
    assert found == DetectionScores(
        auroc=pytest.approx(5 / 6), average_precision=pytest.approx((1 + 2 / 3) / 2), hits=1, top=2
    )


def test_the_worst_score_is_right_the_other_way_round():
    anomalous = np.arange(100) < 10
    assert detection_scores(np.arange(100.0), anomalous).auroc == 0
    assert detection_scores(-np.arange(100.0), anomalous).hits == 10


@pytest.mark.parametrize("scores", [[0.1, math.nan, 0.3], [0.1, 0.2]])
def test_scores_that_cannot_be_ordered_are_refused(scores):
    with pytest.raises(
        ValueError, match=r"^scores: shape .*, a finite number for each of 3 images"
    ):
        detection_scores(np.array(scores), np.array([True, False, True]))


@pytest.mark.parametrize("anomalous", [[True, True], [False, False]])
def test_there_must_be_images_of_both_kinds(anomalous):
    with pytest.raises(ValueError, match=r"^anomalous: \d of 2 images, some but not all expected$"):
        detection_scores(np.array([0.1, 0.2]), np.array(anomalous))


def test_a_stack_holds_a_digit_if_any_channel_does():
    labels = np.array([8, 80, 800, 888, 179, 0])
    assert holds_digit(labels, 8, 3).tolist() == [True, True, True, True, False, False]
    assert holds_digit(labels, 0, 3).tolist() == [True, True, True, False, False, True]
    assert holds_digit(np.array([8, 3], dtype=np.uint8), 8).tolist() == [True, False]


def test_a_stack_is_as_strange_as_its_strangest_channel():
    scores = np.array([0.1, 0.9, 0.2, 0.3, 0.3, 0.4])
    assert highest_channel(scores, 3).tolist() == [0.9, 0.4]
