"""Sends to the tracking store what it missed of the results, once and only once.

`make publish` after a server was away, or in a clone whose store is empty. A run that tells all of
its variant's files already stays as it is.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from filelock import FileLock

from stages.champions import register_champions
from stages.command import StageError, read_input, run_stage
from stages.digits import record as digits
from stages.figures import record as figures
from stages.imbalance import record as imbalance
from stages.layout import SCRATCH, comparison, results
from stages.outputs import dvc_md5
from stages.params import Params
from stages.record import COMPARED, TOLD, check_results, results_digest
from stages.run import FAILURES, Run, report_failure
from stages.store import experiment_id
from stages.tracking import continued_run, trained_run
from stages.training import Training, read_training

Record = Callable[[Run, str], None]


@dataclass(frozen=True)
class Pipeline:
    """How the runs of a pipeline are told of its results.

    Attributes:
        training: tells a run of the training of its variant.
        evaluation: tells it how the variant did.
        comparison: tells it how the variant stands beside the others, where they are compared.
        judge: a model that is no variant but has a run as well, or nothing.
    """

    training: Record
    evaluation: Record
    comparison: Record | None = None
    judge: str = ""


PIPELINES = {
    "figures": Pipeline(figures.record_training, figures.record_evaluation),
    "digits": Pipeline(digits.record_training, digits.record_evaluation, judge=digits.VERIFIER),
    "imbalance": Pipeline(
        imbalance.record_training, imbalance.record_evaluation, imbalance.record_comparison
    ),
}


def publish(params: Params) -> str:
    """Tell the run of every variant what it does not tell yet, and register the champions.

    Raises:
        StageError: results are missing or damaged.
        TrackingError: the store fails, and `TRACKING_REQUIRED=1`.
    """
    sent, there, absent = [], 0, []
    SCRATCH.mkdir(exist_ok=True)
    with FileLock(SCRATCH / "publish.lock"):
        for name, pipeline in PIPELINES.items():
            for variant in filter(None, (pipeline.judge, *params.variants[name])):
                if not (results(name, variant) / "scores.json").exists():
                    absent.append(f"{name}/{variant}")
                elif publish_variant(name, pipeline, variant):
                    sent.append(f"{name}/{variant}")
                else:
                    there += 1
    if absent and not sent and not there:
        raise StageError("there are no results; `dvc repro` makes them")
    if not absent:
        for line in register_champions(params):
            print(line)
    lacking = f"; no results of {', '.join(absent)}" if absent else ""
    return f"sent {', '.join(sent) or 'nothing'}; the store has {there} whole runs else{lacking}"


def publish_variant(name: str, pipeline: Pipeline, variant: str) -> bool:
    """Tell one run what it does not tell yet; return whether there was anything."""
    folder = results(name, variant)
    read_input(check_results, folder)
    training = read_training(folder)
    with_comparison = pipeline.comparison and (comparison(name) / "metrics.json").exists()
    wanted = {TOLD: results_digest(folder)}
    if with_comparison:
        wanted[COMPARED] = dvc_md5(comparison(name) / "metrics.json")
    if is_told(name, variant, training, wanted):
        return False
    with continued_run(name, variant, training.seed, training.fingerprint) as run:
        if not run.has_training:
            pipeline.training(run, variant)
        pipeline.evaluation(run, variant)
        if with_comparison:
            pipeline.comparison(run, variant)
    return True


def is_told(name: str, variant: str, training: Training, wanted: Mapping[str, str]) -> bool:
    """Return whether the store has a whole run that tells just these results.

    Raises:
        TrackingError: the store fails.
    """
    try:
        run = trained_run(experiment_id(name), variant, training.fingerprint)
    except FAILURES as problem:
        report_failure(problem)
        return False
    return (
        run is not None
        and run.info.status == "FINISHED"
        and all(run.data.tags.get(tag) == digest for tag, digest in wanted.items())
    )


if __name__ == "__main__":
    os.environ["TRACKING_REQUIRED"] = "1"  # here, nothing else is wanted
    run_stage("publish", publish)
