"""The best variant of each pipeline, kept in MLflow's model registry under the alias `champion`."""

import io
import json
from collections.abc import Mapping
from contextlib import nullcontext, redirect_stderr
from pathlib import Path

import mlflow
from filelock import FileLock
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from stages.command import read_input
from stages.layout import PROJECT, ROOT, SCRATCH, results
from stages.outputs import read_fingerprint
from stages.params import Params
from stages.ranking import RANKINGS, winner
from stages.run import FAILURES, report_failure
from stages.stopping import held_back
from stages.store import is_database, prepare_store, store_address

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
        variant: read_input(_headlines, results(pipeline, variant) / "metrics.json")
        for variant in params.variants[pipeline]
    }
    best = winner(pipeline, metrics, params)
    key = read_input(read_fingerprint, results(pipeline, best) / "run.json")
    return best, metrics[best][RANKINGS[pipeline].metric], key


def _headlines(path: Path) -> Mapping[str, float]:
    try:
        found: Mapping[str, float] = json.loads(path.read_text(encoding="utf-8"))["test"]
    except (KeyError, TypeError):
        raise ValueError("holds no test metrics") from None
    return found


def _register(pipeline: str, variant: str, value: float, key: str) -> str:
    run = _latest_training(pipeline, variant, key)
    if not run:
        return (
            f"champion of {pipeline}: {variant}, but the store knows no run that trained it; "
            "`make publish` sends it"
        )
    client = mlflow.MlflowClient()
    source = f"models:/{run.outputs.model_outputs[0].model_id}"
    tags = {
        "variant": variant,
        RANKINGS[pipeline].metric: f"{value:.6g}",
        "git_commit": run.data.tags.get("git_commit", "unknown"),
        "fingerprint": key,
    }
    known = client.search_model_versions(f"name='{pipeline}'")
    version = next((each for each in known if each.source == source), None)
    if not version:
        with redirect_stderr(io.StringIO()):  # what MLflow tells of it, the line below does
            version = mlflow.register_model(source, pipeline, await_registration_for=0)
    _describe(client, version, tags, _description(pipeline, tags, run))
    champion = client.get_registered_model(pipeline).aliases.get(ALIAS)
    if str(champion) != str(version.version):
        client.set_registered_model_alias(pipeline, ALIAS, version.version)
    return (
        f"champion of {pipeline}: {variant}, {RANKINGS[pipeline].metric} {value:.4g}, "
        f"version {version.version}"
    )


def _latest_training(pipeline: str, variant: str, key: str) -> Run | None:
    """Find the run that trained a variant and holds its model."""
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(pipeline)
    if not experiment:
        return None
    found = client.search_runs(
        [experiment.experiment_id],
        f"tags.fingerprint = '{key}' AND tags.variant = '{variant}' AND tags.trained = 'true'",
        order_by=["attributes.start_time DESC"],
    )
    for run in found:
        has_model = run.outputs and run.outputs.model_outputs
        if has_model and MLFLOW_PARENT_RUN_ID not in run.data.tags:
            return run
    return None


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
