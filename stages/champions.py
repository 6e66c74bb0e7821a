"""The best variant of each pipeline, kept in MLflow's model registry under the alias `champion`."""

import io
from collections.abc import Mapping
from contextlib import nullcontext, redirect_stderr

import mlflow
from filelock import FileLock
from mlflow.entities import LoggedModel, LoggedModelStatus, Run
from mlflow.entities.model_registry import ModelVersion

from stages.command import in_one_line, read_input
from stages.layout import PROJECT, ROOT, SCRATCH, results
from stages.params import Params
from stages.ranking import RANKINGS, winner
from stages.record import read_scores
from stages.run import FAILURES, report_failure
from stages.stopping import held_back
from stages.store import experiment_id, is_database, prepare_store, store_address
from stages.tracking import trained_run
from stages.training import read_training

ALIAS = "champion"


def register_champions(params: Params) -> list[str]:
    """Let the alias `champion` of each pipeline's registered model name its best variant.

    Which one is the best, the metric files alone say. A model is registered once, however often
    this is called. An experiment in a folder of its own changes nothing.

    Args:
        params: the variants that there are.

    Returns:
        A line for each pipeline: its champion, or why the store cannot have one. Nothing if the
        store does not answer, of which a line on standard error tells.

    Raises:
        StageError: metrics of a variant are missing or damaged.
        TrackingError: the store does not answer and `TRACKING_REQUIRED=1`.
    """
    if ROOT != PROJECT:
        return []
    best = {pipeline: _best(pipeline, params) for pipeline in RANKINGS}
    try:
        with held_back() if is_database(store_address()) else nullcontext():
            prepare_store()
            SCRATCH.mkdir(exist_ok=True)
            # Two that meet would both find the model missing, and both register it.
            with FileLock(SCRATCH / "champions.lock"):
                return [_register(pipeline, *entry) for pipeline, entry in best.items()]
    except FAILURES as problem:
        report_failure(problem)
        return []


def _best(pipeline: str, params: Params) -> tuple[str, float, str]:
    """Return the best variant, its headline, and the fingerprint of its training."""
    metrics = {
        variant: read_input(read_scores, results(pipeline, variant) / "metrics.json")["test"]
        for variant in params.variants[pipeline]
    }
    with in_one_line(ValueError):
        best = winner(pipeline, metrics, params)
    training = read_input(read_training, results(pipeline, best))
    return best, metrics[best][RANKINGS[pipeline].metric], training.fingerprint


def _register(pipeline: str, variant: str, value: float, key: str) -> str:
    experiment = experiment_id(pipeline)
    run = trained_run(experiment, variant, key)
    model = _whole_model(experiment, run) if run else None
    if not run or not model:
        return (
            f"champion of {pipeline}: {variant}, but the store does not have its model; "
            "`make publish` sends it"
        )
    client = mlflow.MlflowClient()
    tags = {
        "variant": variant,
        RANKINGS[pipeline].metric: f"{value:.6g}",
        "git_commit": run.data.tags.get("git_commit", "unknown"),
        "fingerprint": key,
    }
    known = client.search_model_versions(f"name='{pipeline}'")
    version = next((each for each in known if each.source == model.model_uri), None)
    if not version:
        with redirect_stderr(io.StringIO()):  # what MLflow tells of it, the line below does
            version = mlflow.register_model(
                model.model_uri, pipeline, await_registration_for=0, tags=tags
            )
    _describe(client, version, tags, _description(pipeline, tags, run))
    champion = client.get_registered_model(pipeline).aliases.get(ALIAS)
    if str(champion) != str(version.version):
        client.set_registered_model_alias(pipeline, ALIAS, version.version)
    return (
        f"champion of {pipeline}: {variant}, {RANKINGS[pipeline].metric} {value:.4g}, "
        f"version {version.version}"
    )


def _whole_model(experiment: str, run: Run) -> LoggedModel | None:
    """Find the model of a run; one that was half sent, or deleted, is none."""
    models = mlflow.MlflowClient().search_logged_models(
        [experiment], f"source_run_id = '{run.info.run_id}'"
    )
    return next((each for each in models if each.status == LoggedModelStatus.READY), None)


def _description(pipeline: str, tags: Mapping[str, str], run: Run) -> str:
    ranking = RANKINGS[pipeline]
    return (
        f"**{tags['variant']}**, {ranking.title}: {tags[ranking.metric]}. "
        f"Trained by run `{run.info.run_id}` at commit `{tags['git_commit']}`."
    )


def _describe(
    client: mlflow.MlflowClient, version: ModelVersion, tags: Mapping[str, str], text: str
) -> None:
    """Bring the tags and the description of a version up to date."""
    for name, value in tags.items():
        if version.tags.get(name) != value:
            client.set_model_version_tag(version.name, version.version, name, value)
    if version.description != text:
        client.update_model_version(version.name, version.version, text)
