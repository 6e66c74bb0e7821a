"""The small digits are scikit-learn's, with the look of MNIST."""

import numpy as np
import sklearn.datasets

from pipelines.digits.data.mnist import small_digits


def test_the_small_digits_are_scikit_learns_own_each_class_in_both_splits():
    digits = small_digits()
    labels = np.concatenate([digits.train_labels, digits.test_labels])
    assert (len(digits.train_images), len(digits.test_images)) == (1500, 297)
    np.testing.assert_array_equal(
        np.bincount(labels), np.bincount(sklearn.datasets.load_digits().target)
    )
    assert np.bincount(digits.test_labels).min() >= 29


def test_the_small_digits_stand_in_a_margin_of_four_and_shrink_back_to_what_they_were():
    digits = small_digits()
    images = np.concatenate([digits.train_images, digits.test_images])
    assert images.shape == (1797, 28, 28)
    assert images.dtype == np.uint8
    margin = images.copy()
    margin[:, 4:24, 4:24] = 0
    assert not margin.any()
    shrunk = images[:, 4:24, 4:24].reshape(-1, 4, 5, 4, 5).mean(axis=(2, 4))
    original = sklearn.datasets.load_digits().images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4))
    for image in shrunk[:50] * 16 / 255:
        assert np.abs(original - image).max(axis=(1, 2)).min() < 3


def test_the_small_digits_are_the_same_every_time():
    first, second = (vars(small_digits()) for _ in range(2))
    assert list(first) == ["train_images", "train_labels", "test_images", "test_labels"]
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array)
        assert second[name].dtype == array.dtype == np.uint8
