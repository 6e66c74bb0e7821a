"""Log the results of all models to the tracking store and register the champions.

Complete runs stay unchanged. `make repro` runs this command last. There, a failure of the store is
a warning; in `make publish`, it is an error.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from stages import paths
from stages.errors import StageError
from stages.outputs.atomic import read_yaml
from stages.outputs.hashes import dvc_md5
from stages.params import Params
from stages.registry import PIPELINES
from stages.runner.command import run_stage
from stages.runner.log import log_models
from stages.runner.pipeline import Pipeline
from stages.runner.standings import read_standings
from stages.tracking.champion import register_champion
from stages.tracking.log_results import RESULT_FILES, results_digest
from stages.tracking.runs import run_of_results
from stages.tracking.store import experiment_id, tolerating_failures


def publish(params: Params) -> str:
    """Log the results that the store lacks and register the champions.

    Returns:
        The closing line.

    Raises:
        StageError: Results are missing or damaged. Nothing was logged.
        TrackingError: The store fails and `TRACKING_REQUIRED=1`.
    """
    models = {
        pipeline.name: [
            model
            for model in pipeline.models(params)
            if (paths.results(pipeline.name, model) / "scores.json").exists()
        ]
        for pipeline in PIPELINES
    }
    if not any(models.values()):
        raise StageError("there are no results; create them with `dvc repro`")
    check_results(
        paths.results(pipeline, model) / name
        for pipeline, names in models.items()
        for model in names
        for name in (*RESULT_FILES, "comparison.json", "model", "plots")
    )
    if not _is_reachable():
        return "nothing was logged"
    logged = {}
    for pipeline in PIPELINES:
        names = models[pipeline.name]
        is_new = log_models(pipeline, names)
        logged |= {f"{pipeline.name}/{name}": new for name, new in is_new.items()}
        if paths.ROOT == paths.PROJECT and set(pipeline.variants(params)) <= set(names):
            print(_champion(pipeline, params), flush=True)
    new = [name for name, is_new in logged.items() if is_new]
    complete = len(logged) - len(new)
    return f"logged {', '.join(new) or 'nothing'}; {complete} runs were complete"


def check_results(files: Iterable[Path]) -> None:
    """Compare result files with their hashes in dvc.lock, as far as it lists them.

    Raises:
        StageError: dvc.lock or a result file is missing or damaged.
    """
    recorded = _recorded_hashes()
    for file in files:
        place = paths.relative(file)
        if place in recorded and (not file.exists() or dvc_md5(file) != recorded[place]):
            raise StageError(
                f"{place} does not match its hash in dvc.lock; restore it with `dvc repro`"
            )


def _recorded_hashes() -> Mapping[str, str]:
    """Return the MD5 of every output in dvc.lock by its path."""
    if not paths.LOCK.exists():
        return {}
    try:
        stages = read_yaml(paths.LOCK)["stages"].values()
        outputs = [output for stage in stages for output in stage.get("outs", [])]
        return {output["path"]: output.get("md5", "") for output in outputs}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise StageError("dvc.lock is damaged; restore it with `make doctor`") from None


def _is_reachable() -> bool:
    """Return whether the tracking store is reachable, with at most one warning."""
    reachable = False
    with tolerating_failures():
        experiment_id(PIPELINES[0].name)
        reachable = True
    return reachable


def _champion(pipeline: Pipeline, params: Params) -> str:
    """Register the best variant of a pipeline as its champion, and return a description."""
    standings, metric = read_standings(pipeline, params), pipeline.ranking.metric
    best = standings.best
    line = f"champion of {pipeline.name}: {best}, but the store has no run of its results"
    with tolerating_failures():
        digest = results_digest(paths.results(pipeline.name, best))
        run = run_of_results(experiment_id(pipeline.name), best, digest)
        if run:
            value = standings.summaries[best].test[metric.name]
            line = register_champion(pipeline.name, run, metric, value)
    return line


if __name__ == "__main__":
    run_stage("publish", publish)
