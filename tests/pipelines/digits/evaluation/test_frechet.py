"""The Fréchet distance is the known one where there is a closed form."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from pipelines.digits.evaluation.frechet import frechet_distance, frechet_distance_of_normals


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def covariance(generator, size, rank=None):
    factor = generator.normal(size=(size, rank or size))
    return factor @ factor.T


def test_of_normals_with_diagonal_covariances_it_is_the_distance_of_means_and_deviations(generator):
    means, deviations = generator.normal(size=(2, 6)), generator.uniform(0.1, 3, size=(2, 6))
    distance = frechet_distance_of_normals(
        means[0], np.diag(deviations[0] ** 2), means[1], np.diag(deviations[1] ** 2)
    )
    assert distance == pytest.approx(
        ((means[0] - means[1]) ** 2).sum() + np.square(deviations[0] - deviations[1]).sum()
    )


def test_it_agrees_with_the_matrix_square_root_of_the_definition(generator):
    first, second = covariance(generator, 8), covariance(generator, 8)
    expected = np.trace(first + second - 2 * sqrtm(first @ second)).real
    zero = np.zeros(8)
    assert frechet_distance_of_normals(zero, first, zero, second) == pytest.approx(expected)


def test_singular_covariances_are_no_harm(generator):
    singular, zero = covariance(generator, 8, rank=3), np.zeros(8)
    assert frechet_distance_of_normals(zero, singular, zero, singular) == pytest.approx(0, abs=1e-6)
    assert frechet_distance_of_normals(zero, singular, zero, 0 * singular) == pytest.approx(
        np.trace(singular)
    )


def test_it_is_symmetric(generator):
    first, second = generator.normal(size=(50, 4)), generator.normal(2, 3, size=(60, 4))
    assert frechet_distance(first, second) == pytest.approx(frechet_distance(second, first))


def test_a_set_is_at_no_distance_from_itself_and_at_the_square_of_a_shift(generator):
    features = generator.normal(size=(50, 4)).astype(np.float32)
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, features + 2) == pytest.approx(4 * 2**2, rel=1e-5)


def test_a_single_feature_will_do():
    assert frechet_distance(np.array([[0.0], [2.0]]), np.array([[5.0], [7.0]])) == pytest.approx(25)


@pytest.mark.parametrize("shape", [(5, 3), (1, 4), (5,)])
def test_features_that_do_not_belong_together_are_refused(shape):
    with pytest.raises(ValueError, match=r"^features: shapes "):
        frechet_distance(np.zeros((9, 4)), np.zeros(shape))
