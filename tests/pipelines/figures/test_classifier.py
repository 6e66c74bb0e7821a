"""The network as a scikit-learn classifier, its evaluation and its plots."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from pipelines.figures import CLASSES, NetworkClassifier, draw_figures
from pipelines.figures.data.dataset import Figures
from pipelines.figures.evaluation import evaluate_classifier, prediction_table
from pipelines.figures.network.activations import ACTIVATIONS
from pipelines.figures.plots.classifier import draw_classifier


def figures(count=400, seed=0):
    """Pixels of small centred figures, and their classes."""
    images, labels = draw_figures(count, 10, 0.05, True, np.random.default_rng(seed))
    return images.reshape(count, -1), labels


# These compare the outputs for a row among others more closely than float32 rounds.
FINER_THAN_FLOAT32 = dict.fromkeys(
    ("check_methods_sample_order_invariance", "check_methods_subset_invariance"),
    "float32 rounds a row by its place, on some processors",
)


@pytest.mark.parametrize(("dtype", "excused"), [("float64", {}), ("float32", FINER_THAN_FLOAT32)])
def test_scikit_learn_passes_every_check_and_skips_none(dtype, excused):
    script = (
        "from sklearn.utils.estimator_checks import check_estimator\n"
        "from pipelines.figures import NetworkClassifier\n"
        f"classifier, excused = NetworkClassifier(dtype={dtype!r}), {excused!r}\n"
        "results = check_estimator(\n"
        "    classifier, expected_failed_checks=excused, on_fail=None, on_skip=None\n"
        ")\n"
        "bad = [result for result in results if result['status'] not in ('passed', 'xfail')]\n"
        "assert len(results) > 50 and not bad, bad\n"
    )
    # The variable has to be set before SciPy is imported, or a check on array libraries is skipped.
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=300)


def test_figures_are_learnt():
    X, y = figures()
    classifier = NetworkClassifier(random_state=0, epochs=30).fit(X[:300], y[:300])
    assert classifier.score(X[300:], y[300:]) > 0.9


@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("output", ACTIVATIONS)
def test_probabilities_sum_to_one_and_agree_with_the_prediction(output, softmax):
    X, y = figures(60)
    classifier = NetworkClassifier(
        output=output, softmax=softmax, loss="mean_squared_error", epochs=3, random_state=0
    ).fit(X, y)
    probabilities = classifier.predict_proba(X)
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), classifier.predict(X))


def test_sigmoids_that_are_all_zero_give_equal_probabilities():
    X, y = figures(40)
    classifier = NetworkClassifier(layers=(), output="sigmoid", epochs=1).fit(X, y)
    classifier.network_.parameters.vector[:] = -1e6
    np.testing.assert_allclose(classifier.predict_proba(X + 1), 0.25)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_same_seed_gives_the_same_network_bit_for_bit(optimizer, dtype, tmp_path):
    X, y = figures(100)
    files = []
    for name in ("one", "two"):
        classifier = NetworkClassifier(
            optimizer=optimizer, dtype=dtype, epochs=4, patience=2, random_state=7
        ).fit(X, y)
        classifier.save(tmp_path / name)
        files.append([path.read_bytes() for path in sorted((tmp_path / name).iterdir())])
    assert files[0] == files[1]
    assert classifier.network_.parameters.vector.dtype == dtype


def test_validation_and_test_data_appear_in_the_history():
    X, y = figures(100)
    rows = []
    classifier = NetworkClassifier(epochs=3, random_state=0).fit(
        X[:60],
        y[:60],
        validation=(X[60:80], y[60:80]),
        test=(X[80:], y[80:]),
        on_epoch=lambda epoch, row: rows.append(row),
    )
    assert classifier.history_ == rows
    assert classifier.loss_curve_ == [row["train/loss"] for row in rows]
    assert (classifier.n_iter_, classifier.best_epoch_) == (3, 3)
    scores = classifier.evaluate(X[80:], y[80:])
    assert (rows[-1]["test/loss"], rows[-1]["test/accuracy"]) == scores
    assert classifier.score(X[80:], y[80:]) == scores.accuracy


def test_early_stopping_holds_out_examples_if_it_is_given_none():
    X, y = figures(200)
    classifier = NetworkClassifier(
        epochs=500, patience=3, validation_fraction=0.25, random_state=0
    ).fit(X, y)
    assert classifier.n_iter_ == classifier.best_epoch_ + 3 < 500
    assert classifier.history_[0]["validation/accuracy"] * 50 % 1 == 0


def test_a_batch_larger_than_the_set_is_the_whole_set():
    X, y = figures(50)
    networks = [
        NetworkClassifier(batch_size=size, epochs=3, random_state=0).fit(X, y).network_
        for size in (None, 50, 1000)
    ]
    for network in networks[1:]:
        np.testing.assert_array_equal(network.parameters.vector, networks[0].parameters.vector)


IMPOSSIBLE = {
    "layers": [[(0, "relu")], [(3, "swish")], 3],
    "output": ["swish"],
    "softmax": ["yes"],
    "loss": ["hinge"],
    "optimizer": ["lbfgs"],
    "learning_rate": [0, "0.1"],
    "epochs": [0, 1.5],
    "batch_size": [0, "all"],
    "regularization": ["l3"],
    "regularization_rate": [-1],
    "initialization": ["xavier", [0.1]],
    "patience": [0],
    "validation_fraction": [1.0],
    "dtype": ["float16"],
}


@pytest.mark.parametrize(
    "changes",
    [{name: value} for name, values in IMPOSSIBLE.items() for value in values]
    + [{"momentum": 1.0, "optimizer": "sgd"}, {"momentum": 0.9, "optimizer": "adam"}],
    ids=str,
)
def test_an_impossible_parameter_is_named_with_its_value(changes):
    X, y = figures(20)
    name, value = next(iter(changes.items()))
    with pytest.raises(ValueError, match=f"^{name}=.*expected") as raised:
        NetworkClassifier(**changes).fit(X, y)
    assert repr(value) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_class_that_training_does_not_know_is_refused():
    X, y = figures(20)
    with pytest.raises(ValueError, match="expected one of the classes"):
        NetworkClassifier(epochs=1).fit(X, y, test=(X, y + 1))


def test_a_classifier_is_evaluated_tabulated_and_drawn():
    test = Figures(*draw_figures(40, 9, 0.1, True, np.random.default_rng(0)))
    classifier = NetworkClassifier(layers=[(6, "relu")], epochs=3, random_state=0)
    classifier.fit(test.pixels, test.labels)
    scores = evaluate_classifier(classifier, test)
    assert scores["accuracy"] == classifier.score(test.pixels, test.labels)
    assert scores["loss"] == pytest.approx(scores["cross_entropy"], rel=1e-5)
    assert set(scores["recall"]) == set(CLASSES)

    table = prediction_table(classifier, test)
    assert list(table) == ["index", "actual", "predicted", *CLASSES]
    assert table["actual"].tolist() == [CLASSES[label] for label in test.labels]
    assert table["predicted"].tolist() == table[list(CLASSES)].idxmax(axis=1).tolist()

    history = pd.DataFrame(classifier.history_)
    names = [name for name, _ in draw_classifier("small", classifier, history, test)]
    curves_and_weights = ["loss_curves", "confusion_matrix", "first_layer_weights", "network"]
    assert names == ["figures", *curves_and_weights, "mistakes"]


def test_no_progress_bar_is_drawn_off_a_terminal(capsys):
    X, y = figures(20)
    NetworkClassifier(epochs=2, verbose=True).fit(X, y)
    assert capsys.readouterr() == ("", "")


def test_importing_the_classifier_leaves_heavy_libraries_alone():
    script = (
        "import sys; import pipelines.figures.classifier; "
        "assert not {'torch', 'matplotlib', 'sklearn.metrics', 'rich'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
