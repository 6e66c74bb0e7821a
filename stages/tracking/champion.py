"""The champion of a pipeline: the best variant, under this alias in MLflow's model registry."""

import io
from contextlib import redirect_stderr

import mlflow
from mlflow.entities import LoggedModelStatus, Run

from stages.outputs.metrics import Metric
from stages.tracking.runs import FINGERPRINT

ALIAS = "champion"


def register_champion(pipeline: str, run: Run, metric: Metric, value: float) -> str:
    """Register the model of a run, if it is not yet, and give it the alias `champion`.

    Args:
        pipeline: name of the registered model.
        run: run of the best variant.
        metric: metric that ranks the variants.
        value: its value for the best variant.

    Returns:
        A message in one line.
    """
    client = mlflow.MlflowClient()
    variant = run.data.tags["variant"]
    model = _model_of(run)
    if not model:
        return f"champion of {pipeline}: {variant}, but its run has no model"
    tags = {
        "variant": variant,
        metric.name: f"{value:.6g}",
        "git_commit": run.data.tags.get("git_commit", "unknown"),
        "fingerprint": run.data.tags[FINGERPRINT],
    }
    versions = client.search_model_versions(f"name='{pipeline}'")
    version = next((each for each in versions if each.source == model), None)
    if not version:
        with redirect_stderr(io.StringIO()):  # MLflow reports what the returned line says
            version = mlflow.register_model(model, pipeline, await_registration_for=0, tags=tags)
        client.update_model_version(
            pipeline,
            version.version,
            f"**{variant}**, {metric.title}: {metric.text(value)} {metric.unit}. Trained by run "
            f"`{run.info.run_id}` at commit `{tags['git_commit']}`.",
        )
    if str(client.get_registered_model(pipeline).aliases.get(ALIAS)) != str(version.version):
        client.set_registered_model_alias(pipeline, ALIAS, version.version)
    shown = f"{metric.title} {metric.text(value)} {metric.unit}".strip()
    return f"champion of {pipeline}: {variant}, {shown}, version {version.version}"


def _model_of(run: Run) -> str | None:
    """Return the URI of a run's model, or None."""
    models = mlflow.MlflowClient().search_logged_models(
        [run.info.experiment_id], f"source_run_id = '{run.info.run_id}'"
    )
    ready = (each.model_uri for each in models if each.status == LoggedModelStatus.READY)
    return next(ready, None)
