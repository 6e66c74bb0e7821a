"""Tables of results, from the metrics.json and scores.json of every model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stages.docs.sections import table
from stages.figures.pipeline import layer_name
from stages.outputs.metrics import MISSING, Metric, read_scores
from stages.params import Params, load_params
from stages.paths import results
from stages.registry import PIPELINES
from stages.runner.standings import read_model_summary, read_standings

_BY_NAME = {pipeline.name: pipeline for pipeline in PIPELINES}
#: Models and metrics of the short tables in README.md.
_SUMMARIES = {
    "figures": (
        ("cnn", "best_mlp", "demo_1", "overfitting", "extremes"),
        ("accuracy", "cross_entropy"),
    ),
    "digits": (
        ("ae", "vae", "ae_missing", "vae_missing"),
        ("frechet_distance", "predictability", "reconstruction_accuracy", "nll", "anomaly_auroc"),
    ),
    "imbalance": (
        ("lstm_residual", "gradient_boosting", "ridge", "structural_persistence", "persistence"),
        ("rmse", "skill", "crps", "coverage_90"),
    ),
}

Scores = Mapping[str, Any]


def summary(pipeline: str) -> str:
    """Return the short table of a pipeline, of at most five models."""
    models, metrics = _SUMMARIES[pipeline]
    return _metrics_table(pipeline, models, metrics)


def metrics_of_models(pipeline: str) -> str:
    """Return the table of all models and summary metrics of a pipeline, the best model first."""
    order = read_standings(_BY_NAME[pipeline], load_params()).order
    return _metrics_table(pipeline, order, [each.name for each in _BY_NAME[pipeline].metrics])


def _metrics_table(pipeline: str, models: Sequence[str], names: Sequence[str]) -> str:
    params = load_params()
    columns = [each for each in _BY_NAME[pipeline].metrics if each.name in names]
    titles = ["model", "description", *map(_heading, columns)]
    rows = []
    for model in models:
        values = read_model_summary(pipeline, model).test
        cells = [each.text(values.get(each.name)) for each in columns]
        rows.append([f"`{model}`", _description(params, pipeline, model), *cells])
    return table(titles, rows)


def verifier() -> str:
    """Return the table of the verifier's metrics."""
    evaluator = _BY_NAME["digits"].evaluator
    assert evaluator
    values = read_model_summary("digits", evaluator.name).test
    cells = [each.text(values.get(each.name)) for each in evaluator.metrics]
    return table(list(map(_heading, evaluator.metrics)), [cells])


def generation() -> str:
    """Return the table of generated images: every autoencoder and sampler, and real images."""
    titles = [
        *(
            "images",
            "sampler",
            "predictability, single",
            "Fréchet distance",
            "KL of classes (nats)",
        ),
        *("predictability, stacked", "modes of 1,000", "KL of modes (nats)"),
    ]

    def row(images: str, sampler: str, scores: Scores) -> list[str]:
        single, stacked, modes = scores["single"], scores["stacked"], scores["stacked_modes"]
        return [
            *(images, sampler, _with_std(single, "predictability", ".3f")),
            *(f"{single['frechet_distance']:.4f}", f"{single['kl_from_uniform']:.4f}"),
            _with_std(stacked, "predictability", ".3f"),
            *(f"{1000 * modes['coverage']:.0f}", f"{modes['kl_from_uniform']:.3f}"),
        ]

    tests = {model: _test("digits", model) for model in _single_image_models()}
    rows = [row("real test images", "", next(iter(tests.values()))["real"])]
    for model, test in tests.items():
        rows += [row(f"`{model}`", name, scores) for name, scores in test["generation"].items()]
    return table(titles, rows)


def reconstruction() -> str:
    """Return the table of reconstructions and likelihoods of the autoencoders."""
    titles = [
        *("model", "accuracy, single", "accuracy, stacked", "predictability, single"),
        *("predictability, stacked", "squared error", "−ELBO (nats)", "NLL (nats)"),
    ]
    rows = []
    for model in _single_image_models():
        test = _test("digits", model)
        of, likelihood = test["reconstruction"], test.get("likelihood")
        shares = [
            f"{of[kind][name]:.3f}"
            for name in ("accuracy", "predictability")
            for kind in ("single", "stacked")
        ]
        nats = [MISSING, MISSING]
        if likelihood:
            error = likelihood["nll_standard_error"]
            nats = [f"{-likelihood['elbo']:.1f}", f"{likelihood['nll']:.1f} ± {error:.1f}"]
        rows.append([f"`{model}`", *shares, f"{of['single']['squared_error']:.2f}", *nats])
    return table(titles, rows)


def anomaly() -> str:
    """Return the table of anomaly detection: every score of the models without a digit."""
    titles = [
        *("model", "anomaly score", "AUROC, single", "average precision, single"),
        *("AUROC, stacked", "average precision, stacked"),
    ]
    rows = []
    for model in _single_image_models():
        test = _test("digits", model)
        for score in test.get("anomaly", {}).get("single", {}):
            numbers = [
                f"{test['anomaly'][kind][score][name]:.3f}"
                for kind in ("single", "stacked")
                for name in ("auroc", "average_precision")
            ]
            rows.append([f"`{model}`", f"`{score}`", *numbers])
    return table(titles, rows)


#: Every table by the name of its section.
TABLES: Mapping[str, Callable[[], str]] = {
    "results digits-generation": generation,
    "results digits-reconstruction": reconstruction,
    "results digits-anomaly": anomaly,
    "results digits-verifier": verifier,
    **{f"summary {name}": lambda name=name: summary(name) for name in _BY_NAME},
    **{f"results {name}": lambda name=name: metrics_of_models(name) for name in _BY_NAME},
}


def _test(pipeline: str, model: str) -> Scores:
    scores: Scores = read_scores(results(pipeline, model) / "scores.json")["test"]
    return scores


def _single_image_models() -> list[str]:
    models = load_params().digits.models.items()
    return [name for name, settings in models if settings.architecture.in_channels == 1]


def _with_std(scores: Scores, name: str, form: str) -> str:
    text, std = format(scores[name], form), scores.get(f"{name}_std")
    return text if std is None else f"{text} ± {std:{form}}"


def _heading(metric: Metric) -> str:
    return f"{metric.title} ({metric.unit})" if metric.unit else metric.title


def _description(params: Params, pipeline: str, model: str) -> str:
    settings = getattr(params, pipeline).models[model]
    if pipeline == "figures":
        layers = [layer_name(layer.model_dump()) for layer in settings.layers]
        hidden = "-".join(filter(None, layers)) or "no hidden layer"
        data = params.figures.datasets[settings.dataset]
        return f"{hidden}; {data.count:,} figures of {data.size}×{data.size}"
    return ", ".join(_BY_NAME[pipeline].section.describe(settings))
