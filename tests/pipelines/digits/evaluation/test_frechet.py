"""The Fréchet distance agrees with its closed forms and with SciPy's matrix square root."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from pipelines.digits.evaluation.frechet import frechet_distance, frechet_distance_of_normals


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def test_of_normals_with_diagonal_covariances_it_is_the_distance_of_means_and_deviations(generator):
    means, deviations = generator.normal(size=(2, 6)), generator.uniform(0.1, 3, size=(2, 6))
    covariances = [np.diag(deviation**2) for deviation in deviations]
    distance = frechet_distance_of_normals(means[0], covariances[0], means[1], covariances[1])
    expected = np.square(means[0] - means[1]).sum() + np.square(deviations[0] - deviations[1]).sum()
    assert distance == pytest.approx(expected)


def test_of_features_it_agrees_with_the_matrix_square_root_of_the_definition(generator):
    features = [
        generator.normal(place, 1, size=(count, 4)) @ generator.normal(size=(4, 4))
        for place, count in ((0, 50), (2, 60))
    ]
    first, second = (np.cov(each, rowvar=False) for each in features)
    shift = features[0].mean(axis=0) - features[1].mean(axis=0)
    expected = shift @ shift + np.trace(first + second - 2 * sqrtm(first @ second)).real
    assert frechet_distance(*features) == pytest.approx(expected)
    assert frechet_distance(*features[::-1]) == pytest.approx(expected)


def test_singular_covariances_are_no_harm(generator):
    factor, zero = generator.normal(size=(8, 3)), np.zeros(8)
    singular = factor @ factor.T
    assert frechet_distance_of_normals(zero, singular, zero, singular) == pytest.approx(0, abs=1e-6)
    from_point = frechet_distance_of_normals(zero, singular, zero, 0 * singular)
    assert from_point == pytest.approx(np.trace(singular))


def test_a_set_is_at_no_distance_from_itself_and_at_the_square_of_a_shift(generator):
    features = generator.normal(size=(50, 4)).astype(np.float32)
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, features + 2) == pytest.approx(4 * 2**2, rel=1e-5)
    assert frechet_distance(features[:, :1], features[:, :1] + 5) == pytest.approx(25, rel=1e-5)


@pytest.mark.parametrize("shape", [(5, 3), (1, 4), (5,)])
def test_features_that_do_not_belong_together_are_refused(shape):
    with pytest.raises(ValueError, match=r"^features: shapes "):
        frechet_distance(np.zeros((9, 4)), np.zeros(shape))
