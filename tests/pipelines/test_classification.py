"""Classification scores agree with scikit-learn and are defined for absent classes."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from pipelines.classification import classification_scores

NAMES = ("cross", "circle", "horizontal", "vertical")


def random_predictions(count, classes, seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=count)
    probabilities = rng.dirichlet(np.full(classes, 0.3), size=count).astype(dtype)
    return labels, probabilities


@settings(max_examples=50)
@given(
    count=st.integers(1, 60),
    classes=st.integers(2, 6),
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_scores_agree_with_scikit_learn_even_when_classes_are_absent(count, classes, seed, dtype):
    labels, probabilities = random_predictions(count, classes, seed, dtype)
    scores = classification_scores(labels, probabilities, [str(c) for c in range(classes)])
    predicted, every = probabilities.argmax(axis=1), list(range(classes))
    precision, recall, _, support = metrics.precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=0
    )
    confusion = metrics.confusion_matrix(labels, predicted, labels=every)
    np.testing.assert_array_equal(scores.confusion, confusion)
    np.testing.assert_allclose(scores.precision, precision)
    np.testing.assert_allclose(scores.recall, recall)
    np.testing.assert_array_equal(scores.support, support)
    assert scores.accuracy == pytest.approx(metrics.accuracy_score(labels, predicted))
    log_loss = metrics.log_loss(labels, probabilities, labels=every)
    assert scores.loss == pytest.approx(log_loss, rel=1e-5, abs=1e-6)


def test_rows_of_the_confusion_matrix_are_true_classes_and_labels_may_be_bytes():
    scores = classification_scores(np.array([30], dtype=np.uint8), np.eye(31)[[29]], range(31))
    assert np.argwhere(scores.confusion).tolist() == [[30, 29]]


def test_certainty_of_the_wrong_class_has_a_finite_loss_and_of_the_right_one_none():
    wrong = classification_scores([0], [[0.0, 1.0]], ("no", "yes"))
    assert wrong.loss == pytest.approx(-np.log(np.finfo(np.float64).eps))
    right = classification_scores([0, 1, 2, 3], np.eye(4), NAMES)
    assert right.accuracy == 1
    assert json.dumps(right.loss) == "0.0"


def test_float32_probabilities_of_many_examples_are_averaged_in_float64():
    probabilities = np.full((300_000, 2), 0.5, dtype=np.float32)
    labels = np.zeros(300_000, dtype=np.int64)
    scores = classification_scores(labels, probabilities, ("no", "yes"))
    assert scores.loss == pytest.approx(np.log(2), rel=1e-7)


def test_metrics_are_plain_numbers_by_class_name():
    labels, probabilities = random_predictions(50, 4, seed=0)
    scores = classification_scores(labels, probabilities, NAMES)
    written = json.loads(json.dumps(scores.to_metrics()))
    assert list(written) == ["accuracy", "accuracy_ci_low", "loss", "precision", "recall"]
    assert list(written["precision"]) == list(written["recall"]) == list(NAMES)
    assert written["recall"]["vertical"] == scores.recall[3]


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([], np.empty((0, 2)), "labels must be a non-empty vector"),
        ([[0]], [[1.0, 0.0]], "labels must be a non-empty vector"),
        ([0, 1], [[1.0, 0.0]], r"probabilities must have shape \(2, 2\), got \(1, 2\)"),
        ([2], [[1.0, 0.0]], "labels must be whole numbers from 0 to 1"),
        ([-1], [[1.0, 0.0]], "labels must be whole numbers from 0 to 1"),
        ([0.5], [[1.0, 0.0]], "labels must be whole numbers from 0 to 1"),
        ([0], [[float("nan"), 0.0]], "probabilities must be at least 0 and sum to 1"),
        ([0], [[0.9, 0.9]], "probabilities must be at least 0 and sum to 1"),
        ([0], [[1.5, -0.5]], "probabilities must be at least 0 and sum to 1"),
    ],
)
def test_impossible_labels_and_probabilities_are_refused(labels, probabilities, message):
    with pytest.raises(ValueError, match=message):
        classification_scores(labels, probabilities, ("no", "yes"))


def test_the_low_end_of_an_accuracy_is_higher_of_many_examples_than_of_few():
    few = classification_scores([0] * 71, [[1, 0]] * 71, ("a", "b"))
    many = classification_scores([0] * 9000, [[1, 0]] * 8982 + [[0, 1]] * 18, ("a", "b"))
    assert few.accuracy > many.accuracy
    assert few.accuracy_ci_low == pytest.approx(71 / (71 + 1.959964**2))  # all hits: n / (n + z²)
    assert many.accuracy_ci_low > few.accuracy_ci_low
