"""The network as a scikit-learn classifier, with its evaluation and plots."""

import os
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from pipelines.figures import CLASSES, NetworkClassifier, draw_figures
from pipelines.figures.data.dataset import Figures
from pipelines.figures.evaluation import evaluate_classifier, prediction_table
from pipelines.figures.network import Activation, Conv2d, Dense, Dropout, MaxPool2d
from pipelines.figures.network.activations import ACTIVATIONS
from pipelines.figures.plots.classifier import draw_classifier


def figures(count=400, seed=0):
    """Return the pixels of small centred figures, and their classes."""
    images, labels = draw_figures(count, 10, 0.05, True, np.random.default_rng(seed))
    return images.reshape(count, -1), labels


# The check compares predictions with a relative tolerance of 1e-7. Sums of weighted and of
# repeated examples differ by the rounding of float32, 1.2e-7.
FINER_THAN_FLOAT32 = {"check_sample_weight_equivalence_on_dense_data": "rounding of float32"}


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
    # SciPy reads the variable on import; without it, a check of array libraries is skipped.
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=300)


IMAGE_LAYERS = (Conv2d(4, 3), Activation("relu"), MaxPool2d(2), Dropout(0.1), (12, "gelu"))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"layers": IMAGE_LAYERS, "image_shape": (10, 10, 1), "schedule": "one_cycle"},
        {"optimizer": "sgd", "momentum": 0.9, "clip_norm": 1.0, "learning_rate": 0.1},
        {"optimizer": "adamw", "weight_decay": 0.1, "schedule": "cosine"},
    ],
)
def test_the_classifier_learns_the_figures(settings):
    X, y = figures()
    classifier = NetworkClassifier(random_state=0, epochs=30, **settings).fit(X[:300], y[:300])
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
    classifier.network_.vector[:] = -1e6
    np.testing.assert_allclose(classifier.predict_proba(X + 1), 0.25)


def after_one_step(**settings):
    """Return the parameters after one epoch of a single batch, in float64."""
    X, y = figures(50)
    settings = dict(optimizer="sgd", epochs=1) | settings
    classifier = NetworkClassifier(batch_size=None, dtype="float64", random_state=0, **settings)
    return classifier.fit(X, y).network_.vector


def test_every_setting_takes_effect_in_a_step():
    start, rate = after_one_step(learning_rate=1e-300).round(200), 0.1
    plain = after_one_step(learning_rate=rate)
    for name, slope in (("l1", np.sign(start)), ("l2", start)):
        step = after_one_step(learning_rate=rate, regularization=name, regularization_rate=0.3)
        np.testing.assert_allclose(step - plain, -rate * 0.3 * slope, atol=1e-12)
    assert np.linalg.norm(plain - start) > 1e-3
    step = after_one_step(learning_rate=rate, clip_norm=1e-2) - start
    assert np.linalg.norm(step) == pytest.approx(rate * 1e-2)
    adam, adamw = (
        after_one_step(learning_rate=rate, optimizer=name, weight_decay=0.3)
        for name in ("adam", "adamw")
    )
    np.testing.assert_allclose(adamw - adam, -rate * 0.3 * start, atol=1e-12)
    two = [after_one_step(learning_rate=rate, momentum=each, epochs=2) for each in (0.0, 0.9)]
    np.testing.assert_allclose(two[1] - two[0], 0.9 * (plain - start), atol=1e-12)


def test_learning_rates_follow_the_schedule():
    one, two = (after_one_step(schedule="cosine", epochs=epochs) for epochs in (1, 2))
    np.testing.assert_allclose(two, one, atol=1e-15)  # the last step has the length zero
    start = after_one_step(learning_rate=1e-300)
    step = after_one_step(schedule="one_cycle", learning_rate=1.0) - start
    np.testing.assert_allclose(step, 0.04 * (after_one_step(learning_rate=1.0) - start), atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_same_seed_gives_bitwise_the_same_network(optimizer, dtype, tmp_path):
    X, y = figures(100)
    files = []
    for name in ("one", "two"):
        classifier = NetworkClassifier(
            optimizer=optimizer, dtype=dtype, epochs=4, patience=2, random_state=7
        ).fit(X, y)
        classifier.save(tmp_path / name)
        files.append([path.read_bytes() for path in sorted((tmp_path / name).iterdir())])
    assert files[0] == files[1]
    assert classifier.network_.vector.dtype == dtype


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


def test_early_stopping_holds_out_examples_without_validation_data():
    X, y = figures(200)
    mislabelled = np.where(np.random.default_rng(1).random(200) < 0.2, (y + 1) % 4, y)
    classifier = NetworkClassifier(
        epochs=500, patience=3, validation_fraction=0.25, learning_rate=0.03, random_state=0
    ).fit(X, mislabelled)
    assert classifier.n_iter_ == classifier.best_epoch_ + 3 < 500
    assert classifier.history_[0]["validation/accuracy"] * 50 % 1 == 0


def test_a_batch_larger_than_the_data_contains_all_examples():
    X, y = figures(50)
    networks = [
        NetworkClassifier(batch_size=size, epochs=3, random_state=0).fit(X, y).network_
        for size in (None, 50, 1000)
    ]
    for network in networks[1:]:
        np.testing.assert_array_equal(network.vector, networks[0].vector)


def test_only_ratios_of_sample_weights_matter_and_zero_excludes_an_example():
    X, y = figures(80)
    weights = np.random.default_rng(0).uniform(0.5, 2, 80) * (np.arange(80) < 50)
    settings = dict(batch_size=None, epochs=3, random_state=0, dtype="float64")
    vectors = [
        NetworkClassifier(**settings).fit(X[:n], y[:n], factor * weights[:n]).network_.vector
        for n, factor in [(80, 1), (80, 7), (50, 1)]
    ]
    np.testing.assert_allclose(vectors[0], vectors[1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(vectors[0], vectors[2], rtol=1e-7, atol=1e-10)
    for wrong in (-weights, weights[1:], 0 * weights):
        with pytest.raises(ValueError, match="weight"):
            NetworkClassifier(**settings).fit(X, y, wrong)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_partial_fit_continues_training_also_after_pickling(optimizer):
    X, y = figures(90)
    settings = dict(optimizer=optimizer, batch_size=20, random_state=0, layers=IMAGE_LAYERS)
    settings |= dict(image_shape=(10, 10, 1), momentum=0.9 if optimizer == "sgd" else 0.0)
    fitted = NetworkClassifier(epochs=4, **settings).fit(X, y)
    partial = NetworkClassifier(**settings)
    for _ in range(4):
        partial.partial_fit(X, y, classes=range(4))
        partial = pickle.loads(pickle.dumps(partial))
    np.testing.assert_array_equal(partial.network_.vector, fitted.network_.vector)
    assert partial.history_ == fitted.history_
    before = partial.network_.vector.copy()
    partial.partial_fit(X[:30], y[:30], sample_weight=np.arange(30))
    assert (partial.network_.vector != before).any()
    assert partial.n_iter_ == partial.best_epoch_ == 5


def test_partial_fit_requires_all_classes_in_its_first_call():
    X, y = figures(40)
    classifier = NetworkClassifier(random_state=0)
    with pytest.raises(ValueError, match="classes=None"):
        classifier.partial_fit(X, y)
    classifier.partial_fit(X[y < 2], y[y < 2], classes=[3, 2, 1, 0])
    assert classifier.predict_proba(X).shape == (40, 4)
    with pytest.raises(ValueError, match=r"classes=\[0, 1\]: expected"):
        classifier.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="expected one of the classes"):
        classifier.partial_fit(X, y + 1)
    classifier.partial_fit(X, y)
    assert classifier.n_iter_ == 2


def test_partial_fit_needs_no_validation_where_fit_would_stop_early():
    X, y = figures(40)
    classifier = NetworkClassifier(patience=3, random_state=0).partial_fit(X, y, classes=range(4))
    assert classifier.n_iter_ == classifier.best_epoch_ == 1
    best_epoch = classifier.set_params(epochs=4).fit(X, y).best_epoch_
    assert classifier.partial_fit(X, y).n_iter_ == 5
    assert best_epoch < classifier.best_epoch_ == 5, "the last parameters are kept"


def test_a_warm_start_continues_from_the_previous_parameters():
    X, y = figures(200)
    classifier = NetworkClassifier(epochs=20, random_state=0).fit(X, y)
    before, cold = classifier.history_, classifier.network_.vector.copy()
    np.testing.assert_array_equal(classifier.fit(X, y).network_.vector, cold)
    classifier.set_params(warm_start=True, epochs=2).fit(X[:100], y[:100])
    assert classifier.history_[0]["train/loss"] < 0.5 * before[0]["train/loss"]
    assert classifier.n_iter_ == 2
    with pytest.raises(ValueError, match="expected one of the classes"):
        classifier.fit(X, y + 1)


def test_the_prediction_of_a_row_does_not_depend_on_the_batch():
    X, y = figures(60)
    settings = dict(layers=IMAGE_LAYERS, image_shape=(10, 10, 1), epochs=3, random_state=0)
    for classifier in (NetworkClassifier(epochs=3), NetworkClassifier(**settings)):
        probabilities = classifier.fit(X, y).predict_proba(X)
        for i in range(60):
            alone = classifier.predict_proba(X[i : i + 1])
            np.testing.assert_array_equal(alone[0], probabilities[i])


def test_partial_fit_continues_training_after_loading_with_joblib(tmp_path):
    X, y = figures(60)
    classifier = NetworkClassifier(random_state=0).partial_fit(X, y, classes=range(4))
    joblib.dump(classifier, tmp_path / "classifier")
    loaded = joblib.load(tmp_path / "classifier")
    for each in (classifier, loaded):
        each.partial_fit(X, y)
    np.testing.assert_array_equal(loaded.network_.vector, classifier.network_.vector)


@pytest.mark.parametrize("go_on", ["partial_fit", "fit"])
@pytest.mark.parametrize("change", [{"layers": [(5, "tanh")]}, {"dtype": "float64"}])
def test_hyperparameters_that_describe_another_network_are_refused(change, go_on, tmp_path):
    X, y = figures(60)
    classifier = NetworkClassifier(warm_start=True, epochs=2).fit(X, y).set_params(**change)
    for method in (lambda: getattr(classifier, go_on)(X, y), lambda: classifier.save(tmp_path)):
        with pytest.raises(ValueError, match=r"^layers=.*expected.*last fit"):
            method()


def test_a_changed_optimizer_takes_effect_in_the_next_partial_fit():
    X, y = figures(60)
    classifier = NetworkClassifier(random_state=0).partial_fit(X, y, classes=range(4))
    before = classifier.network_.vector.copy()
    classifier.set_params(optimizer="sgd", clip_norm=1e-9).partial_fit(X, y)
    np.testing.assert_allclose(classifier.network_.vector, before, atol=1e-7)


def test_a_failed_fit_does_not_change_the_classifier():
    X, y = figures(60)
    with pytest.raises(ValueError, match="initialization="):
        (classifier := NetworkClassifier(epochs=1, initialization="xavier")).fit(X, y)
    with pytest.raises(NotFittedError):
        classifier.predict(X)
    classifier.set_params(initialization="he").fit(X, y)
    before = classifier.predict_proba(X)
    with pytest.raises(ValueError, match="expected one of the classes"):
        classifier.fit(X, np.array(["a", "b", "c", "d"])[y], test=(X, np.full(60, "e")))
    np.testing.assert_array_equal(classifier.predict_proba(X), before)
    assert classifier.classes_.tolist() == [0, 1, 2, 3]


def test_numpy_numbers_are_accepted_as_parameters():
    X, y = figures(60)
    settings = {"weight_decay": 0.1, "learning_rate": 0.02, "clip_norm": 0.5}
    networks = [
        NetworkClassifier(optimizer="adamw", epochs=2, random_state=0, **each).fit(X, y).network_
        for each in (settings, {name: np.float64(value) for name, value in settings.items()})
    ]
    np.testing.assert_array_equal(networks[0].vector, networks[1].vector)


IMPOSSIBLE = {
    "layers": [[(0, "relu")], [(3, "swish")], 3],
    "output": ["swish"],
    "softmax": ["yes"],
    "loss": ["hinge"],
    "optimizer": ["lbfgs"],
    "learning_rate": [0, "0.1"],
    "schedule": ["linear"],
    "weight_decay": [-0.1],
    "clip_norm": [0],
    "image_shape": [(10, 10), (10, 9, 1)],
    "warm_start": ["yes"],
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
def test_an_invalid_parameter_is_named_with_its_value(changes):
    X, y = figures(20)
    name, value = next(iter(changes.items()))
    with pytest.raises(ValueError, match=f"^{name}=.*expected") as raised:
        NetworkClassifier(**changes).fit(X, y)
    assert repr(value) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("image_shape", [None, (10, 10, 1)])
@pytest.mark.parametrize(
    "layers",
    [
        *([Dense(0)], [Dense("four")], [Activation("swish")], [Dropout(1.0)], [Conv2d(2, 11)]),
        *([Conv2d(0, 3)], [MaxPool2d(0)], [MaxPool2d(11)], [Dense(4), MaxPool2d(2)]),
    ],
    ids=str,
)
def test_invalid_layers_are_named(layers, image_shape):
    X, y = figures(20)
    with pytest.raises(ValueError, match=r"^(layers|image_shape)=.*expected"):
        NetworkClassifier(layers, image_shape=image_shape).fit(X, y)


def test_an_unknown_class_is_refused():
    X, y = figures(20)
    with pytest.raises(ValueError, match="expected one of the classes"):
        NetworkClassifier(epochs=1).fit(X, y, test=(X, y + 1))


def test_a_classifier_can_be_evaluated_tabulated_and_plotted():
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


def test_importing_the_classifier_does_not_import_heavy_libraries():
    script = (
        "import sys; import pipelines.figures.classifier; "
        "assert not {'torch', 'matplotlib', 'sklearn.metrics', 'rich'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
