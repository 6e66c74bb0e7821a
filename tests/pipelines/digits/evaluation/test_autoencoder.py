"""The evaluation of an autoencoder includes everything that its kind supports."""

import numpy as np
import pytest

from pipelines.digits.data.mnist import small_digits
from pipelines.digits.evaluation.anomaly import anomaly_table
from pipelines.digits.evaluation.autoencoder import (
    EvaluationDigits,
    EvaluationSettings,
    evaluate_autoencoder,
)
from pipelines.digits.evaluation.generation import best_sampler, sample_sets
from pipelines.digits.evaluation.generation_scores import ConfidenceThresholds
from pipelines.digits.models.autoencoder import Architecture
from pipelines.digits.models.autoencoder_training import fit_autoencoder
from pipelines.digits.models.settings import AutoencoderSettings
from pipelines.digits.models.verifier import Verifier

BRIEF = EvaluationSettings(
    confidence_threshold=ConfidenceThresholds(single=0.1, stacked=0.0),
    samples=100,
    mode_samples=120,
    sampling_seeds=2,
    likelihood_images=3,
    likelihood_samples=10,
    marginal_samples=20,
)


@pytest.fixture(scope="module")
def digits():
    return EvaluationDigits.draw(small_digits(), BRIEF, seed=1)


@pytest.fixture(scope="module", params=[("autoencoder", 1), ("variational", 1), ("variational", 3)])
def fitted(request):
    kind, channels = request.param
    architecture = Architecture(channels, latent_dim=3, widths=[4], hidden_dim=8)
    settings = AutoencoderSettings(kind=kind, architecture=architecture, epochs=1)
    images = small_digits().train_images[:400]
    return fit_autoencoder(images, settings, mixture_components=2, seed=0, device="cpu")


def test_everything_that_a_kind_supports_is_evaluated(fitted, digits):
    trained, _ = fitted
    verifier = Verifier([[4]])
    evaluation = evaluate_autoencoder(trained, verifier, digits, BRIEF, held_out_digit=8, seed=2)
    metrics, columns = evaluation.metrics, evaluation.anomaly_columns
    units = {"stacked"} if trained.channels == 3 else {"single", "stacked"}
    for name in ("reconstruction", "anomaly"):
        assert set(metrics[name]) == units
    assert set(metrics["generation"]) == {"prior", "mixture"}
    assert set(metrics["real"]) == {"single", "stacked", "stacked_modes"}
    assert ("likelihood" in metrics) == trained.variational
    assert evaluation.best_sampler == best_sampler(metrics["generation"])
    shapes = {"single": (5, 28, 28), "stacked": (5, 28, 28, 3)}
    samples = sample_sets(trained, "prior", 5, seed=0)
    assert {name: x.shape for name, x in samples.items()} == {name: shapes[name] for name in units}

    table = anomaly_table(columns, digits.test, trained.channels)
    assert list(table) == ["index", "label", *columns]
    assert len(table) == (100 if trained.channels == 3 else len(digits.test.images))


def test_without_a_held_out_digit_there_is_no_anomaly(fitted, digits):
    trained, _ = fitted
    metrics = evaluate_autoencoder(trained, Verifier([[4]]), digits, BRIEF, seed=2).metrics
    assert "anomaly" not in metrics


def test_all_autoencoders_are_evaluated_on_the_same_stacks(digits):
    repeated = EvaluationDigits.draw(small_digits(), BRIEF, seed=1)
    np.testing.assert_array_equal(repeated.real.members, digits.real.members)
    np.testing.assert_array_equal(digits.test.members, digits.real.members[:100])
    assert len(digits.training.images) == len(digits.test.images)
    assert len(digits.training.labels) == len(digits.test.labels)
