"""The Fréchet distance agrees with its closed forms and with SciPy's matrix square root."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from pipelines.digits.evaluation.frechet import frechet_distance, frechet_distance_of_normals


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def test_with_diagonal_covariances_it_is_the_distance_of_means_and_stds(generator):
    means, stds = generator.normal(size=(2, 6)), generator.uniform(0.1, 3, size=(2, 6))
    covariances = [np.diag(std**2) for std in stds]
    distance = frechet_distance_of_normals(means[0], covariances[0], means[1], covariances[1])
    expected = np.square(means[0] - means[1]).sum() + np.square(stds[0] - stds[1]).sum()
    assert distance == pytest.approx(expected)


def test_it_agrees_with_the_matrix_square_root_of_the_definition(generator):
    features = [
        generator.normal(mean, 1, size=(count, 4)) @ generator.normal(size=(4, 4))
        for mean, count in ((0, 50), (2, 60))
    ]
    first, second = (np.cov(each, rowvar=False) for each in features)
    shift = features[0].mean(axis=0) - features[1].mean(axis=0)
    expected = shift @ shift + np.trace(first + second - 2 * sqrtm(first @ second)).real
    assert frechet_distance(*features) == pytest.approx(expected)
    assert frechet_distance(*features[::-1]) == pytest.approx(expected)


def test_singular_covariances_have_finite_distances(generator):
    factor, zero = generator.normal(size=(8, 3)), np.zeros(8)
    singular = factor @ factor.T
    assert frechet_distance_of_normals(zero, singular, zero, singular) == pytest.approx(0, abs=1e-6)
    from_point = frechet_distance_of_normals(zero, singular, zero, 0 * singular)
    assert from_point == pytest.approx(np.trace(singular))


def test_the_distance_is_zero_to_itself_and_the_square_of_a_shift(generator):
    features = generator.normal(size=(50, 4)).astype(np.float32)
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, features + 2) == pytest.approx(4 * 2**2, rel=1e-5)
    assert frechet_distance(features[:, :1], features[:, :1] + 5) == pytest.approx(25, rel=1e-5)


@pytest.mark.parametrize("shape", [(5, 3), (1, 4), (5,)])
def test_features_of_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"^features: shapes "):
        frechet_distance(np.zeros((9, 4)), np.zeros(shape))
