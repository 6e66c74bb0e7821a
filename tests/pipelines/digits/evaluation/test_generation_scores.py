"""Scores of generated digits agree with manual counts."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import entropy

from pipelines.digits.evaluation.generation_scores import (
    confidences,
    generation_scores,
    predicted_classes,
)


def probabilities_of(digits, confidence):
    """Return probabilities with the given confidence, uniform over the other digits."""
    digits = np.asarray(digits)
    probabilities = np.full((*digits.shape, 10), (1 - confidence) / 9)
    np.put_along_axis(probabilities, digits[..., None], confidence, axis=-1)
    return probabilities


def test_the_confidence_in_a_stack_is_the_product_of_its_channels():
    probabilities = [probabilities_of([[1, 2, 3]], confidence) for confidence in (0.9, 0.5)]
    assert confidences(np.concatenate(probabilities)) == pytest.approx([0.9**3, 0.5**3])


def test_a_class_is_the_most_probable_digit_with_channel_0_of_a_stack_in_the_ones():
    assert predicted_classes(probabilities_of([7, 0], 0.6)).tolist() == [7, 0]
    assert predicted_classes(probabilities_of([[7, 2, 1], [0, 0, 9]], 0.8)).tolist() == [127, 900]


@pytest.mark.parametrize(("threshold", "predictability"), [(0.8, 0.25), (0.5, 0.75), (0.0, 1.0)])
def test_predictability_is_the_share_of_images_with_sufficient_confidence(
    threshold, predictability
):
    probabilities = np.zeros((4, 10))
    probabilities[:, :2] = [[0.8, 0.2], [0.6, 0.4], [0.5, 0.5], [0.3, 0.3]]
    assert generation_scores(probabilities, threshold).predictability == predictability


def test_accuracy_and_classes_are_counted_among_predictable_images_alone():
    probabilities = np.concatenate(
        [probabilities_of([1, 2, 2], 0.9), probabilities_of([4, 5, 6, 7], 0.3)]
    )
    scores = generation_scores(probabilities, 0.8, np.array([1, 2, 9, 0, 0, 0, 0]))
    assert scores.accuracy == scores.image_accuracy == pytest.approx(2 / 3)
    assert scores.coverage == 0.2
    assert scores.class_counts.tolist() == [0, 1, 2, 0, 0, 0, 0, 0, 0, 0]


def test_a_stack_with_one_wrong_digit_has_two_correct_channels_and_is_a_wrong_image():
    probabilities = probabilities_of([[7, 2, 1], [0, 0, 9]], 0.9)
    scores = generation_scores(probabilities, 0.5, np.array([127, 901]))
    assert scores.accuracy == pytest.approx(5 / 6)
    assert scores.image_accuracy == 0.5


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_one_image_of_every_class_covers_all_and_is_uniform(channels):
    every_class = np.squeeze(list(product(range(10), repeat=channels)))
    scores = generation_scores(probabilities_of(every_class, 0.95), 0.5)
    assert scores.coverage == 1
    assert scores.class_counts.tolist() == [1] * 10**channels
    assert scores.kl_from_uniform == pytest.approx(0, abs=1e-12)


def test_the_divergence_is_from_the_shares_to_the_uniform_distribution():
    constant = generation_scores(probabilities_of([[4, 4, 4]] * 9, 1.0), 0.5)
    assert (constant.predictability, constant.coverage) == (1.0, 0.001)
    assert constant.kl_from_uniform == pytest.approx(np.log(1000))
    digits = np.repeat([0, 1, 5], [2, 3, 7])
    shares = np.bincount(digits, minlength=10) / 12
    scores = generation_scores(probabilities_of(digits, 0.9), 0.8)
    assert scores.kl_from_uniform == pytest.approx(entropy(shares, np.full(10, 0.1)))


def test_uniform_samples_have_the_stated_bias_on_average():
    generator = np.random.default_rng(0)
    samples = [
        generation_scores(probabilities_of(generator.integers(10, size=(2500, 2)), 0.9), 0.5)
        for _ in range(60)
    ]
    average = np.mean([scores.kl_from_uniform for scores in samples])
    assert samples[0].kl_of_uniform_sample == 99 / 5000
    assert average == pytest.approx(99 / 5000, rel=0.05)


def test_undefined_scores_are_left_out():
    uncertain = generation_scores(probabilities_of([1, 2], 0.3), 0.8, np.array([1, 2]))
    assert uncertain.to_metrics() == {"predictability": 0.0, "coverage": 0.0}
    unlabelled = generation_scores(probabilities_of([1, 2], 0.9), 0.8)
    assert "accuracy" not in unlabelled.to_metrics()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(
            ({"probabilities": np.ones(shape)}, "probabilities: shape ")
            for shape in [(0, 10), (10,), (5, 9), (5, 3, 9), (5, 1, 3, 10)]
        ),
        ({"threshold": 80}, "threshold: 80, expected 0 to 1$"),
        *(({"labels": np.array(labels)}, "labels: shape ") for labels in [[1], [1, 10], [-1, 1]]),
    ],
)
def test_arguments_that_do_not_match_are_refused(arguments, message):
    valid = {"probabilities": probabilities_of([1, 2], 0.9), "threshold": 0.8}
    with pytest.raises(ValueError, match=f"^{message}"):
        generation_scores(**valid | arguments)
