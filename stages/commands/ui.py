"""Print links to the leaderboards in the MLflow UI, and start the UI on 127.0.0.1."""

import os
import sys
from typing import NoReturn

import mlflow

from stages.commands.command_line import run_command
from stages.registry import PIPELINES
from stages.tracking.leaderboard import latest_runs
from stages.tracking.store import prepare_store, tolerating_failures
from stages.tracking.views import VIEW, charts_link, compare_link, view_link

HOST = "127.0.0.1"


def ui(port: str) -> NoReturn:
    """Serve the MLflow UI until Ctrl-C.

    Args:
        port: Port of the server.

    Raises:
        TrackingError: The store fails.
    """
    os.environ["TRACKING_REQUIRED"] = "1"
    with tolerating_failures():
        store = prepare_store()
        lines = links(f"http://{HOST}:{port}/")
    print("\n".join(["The MLflow UI starts; Ctrl-C stops it.", *lines]), flush=True)
    command = [sys.executable, "-m", "mlflow", "ui", "--host", HOST, "--port", port]
    command += ["--workers", "1", "--backend-store-uri", store]
    # Otherwise MLflow starts six processes for jobs that evaluate language models.
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    os.execv(sys.executable, command)


def links(address: str) -> list[str]:
    """Return lines with the links of each pipeline that has runs.

    Args:
        address: Address of the UI, with a trailing slash.
    """
    client, lines = mlflow.MlflowClient(), []
    for pipeline in PIPELINES:
        experiment = client.get_experiment_by_name(pipeline.name)
        if experiment and VIEW in experiment.tags:
            runs = latest_runs(experiment.experiment_id, pipeline.ranking)
            lines += [
                "",
                f"{pipeline.name}: leaderboard, charts, Compare",
                f"  {address}{view_link(experiment.experiment_id)}",
                f"  {address}{charts_link(experiment.experiment_id)}",
                f"  {address}{compare_link(experiment.experiment_id, runs)}",
            ]
    return lines or [f"  {address} has no runs yet; `make repro` logs them."]


if __name__ == "__main__":
    run_command("ui", ui)
