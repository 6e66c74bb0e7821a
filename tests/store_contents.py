"""Everything that a tracking store holds of an experiment, without ids and times, to compare."""

import hashlib
from pathlib import Path
from typing import Any

import mlflow
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE

from stages.tracking.runs import FINGERPRINT

#: MLflow writes it beside a model that is loaded from the registry.
LEFT_BY_LOADING = "registered_model_meta"
TAGS = ("variant", "seed", FINGERPRINT, "git_commit", "dvc_experiment", MLFLOW_RUN_NOTE)


def contents(client: mlflow.MlflowClient, experiment: str, folder: Path) -> dict[str, Any]:
    """Return what the runs of an experiment hold, by name; the runs of seeds lie in their parent.

    Args:
        client: of the store.
        experiment: its id.
        folder: of the experiment's artifacts.
    """
    runs = client.search_runs([experiment])
    names = [(run.data.tags.get(MLFLOW_PARENT_RUN_ID), run.info.run_name) for run in runs]
    assert len(names) == len(set(names)), names
    found = {run.info.run_id: contents_of(client, run, folder) for run in runs}
    for run in runs:
        parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
        if parent:
            found[parent]["seeds"][run.info.run_name] = found[run.info.run_id]
    return {
        name: found[run.info.run_id]
        for run, (parent, name) in zip(runs, names, strict=True)
        if not parent
    }


def contents_of(
    client: mlflow.MlflowClient, run: mlflow.entities.Run, folder: Path
) -> dict[str, Any]:
    """Return what one run holds."""
    own = run.info.run_id
    models = client.search_logged_models([run.info.experiment_id], f"source_run_id = '{own}'")
    return {
        "status": run.info.status,
        "params": run.data.params,
        "curves": {
            name: [(point.step, point.value) for point in client.get_metric_history(own, name)]
            for name in run.data.metrics
        },
        "tags": {name: run.data.tags.get(name) for name in TAGS},
        "data": [each.dataset.to_dictionary() for each in run.inputs.dataset_inputs],
        "files": {
            path.relative_to(folder / own).as_posix(): hashlib.md5(path.read_bytes()).hexdigest()
            for path in (folder / own).rglob("*")
            if path.is_file()
        },
        "attached": [
            str(client.get_logged_model(each.model_id).status) for each in run.outputs.model_outputs
        ],
        "models": [
            {
                path.relative_to(folder / "models" / model.model_id).as_posix()
                for path in (folder / "models" / model.model_id).rglob("*")
                if path.is_file() and path.suffix != ".pyc" and path.name != LEFT_BY_LOADING
            }
            for model in models
        ],
        "seeds": {},
    }
