"""Make the tracking store equal to `results/`: a run for every model, and the champions.

`make repro` ends with it, and goes on without a store that fails; for `make publish` that is an
error. Runs that hold all results of their model stay as they are.
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
    """Log what the store lacks of the results, register the champions, return the closing line.

    Raises:
        StageError: results are missing or damaged; nothing was sent.
        TrackingError: the store fails, and `TRACKING_REQUIRED=1`.
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
        raise StageError("there are no results; `dvc repro` makes them")
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
        found = log_models(pipeline, names)
        logged |= {f"{pipeline.name}/{name}": new for name, new in found.items()}
        if paths.ROOT == paths.PROJECT and set(pipeline.variants(params)) <= set(names):
            print(_champion(pipeline, params), flush=True)
    new = [name for name, was_new in logged.items() if was_new]
    complete = len(logged) - len(new)
    return f"logged {', '.join(new) or 'nothing'}; {complete} runs were complete"


def check_results(files: Iterable[Path]) -> None:
    """Compare result files with the hashes in dvc.lock; files that it does not list pass.

    Raises:
        StageError: a file is missing or damaged, or dvc.lock is.
    """
    recorded = _recorded_hashes()
    for file in files:
        place = paths.relative(file)
        if place in recorded and (not file.exists() or dvc_md5(file) != recorded[place]):
            raise StageError(
                f"{place} is not the file that dvc.lock records; `dvc repro` restores it"
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
        raise StageError("dvc.lock is damaged; `make doctor` restores it") from None


def _is_reachable() -> bool:
    """Whether the store can be reached; if not, one warning is enough for all pipelines."""
    reachable = False
    with tolerating_failures():
        experiment_id(PIPELINES[0].name)
        reachable = True
    return reachable


def _champion(pipeline: Pipeline, params: Params) -> str:
    """Register the best variant of a pipeline and describe it in one line."""
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
