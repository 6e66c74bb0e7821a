"""Logs the results of a pipeline's models to MLflow."""

from collections.abc import Iterable

from stages.runner.pipeline import Pipeline


def log_models(pipeline: Pipeline, models: Iterable[str]) -> list[str]:
    """Make the runs of some models equal to their result files, then rewrite the leaderboard.

    A store that fails costs a warning.

    Args:
        pipeline: of the models.
        models: variants, or the evaluator.

    Returns:
        The models of which something had to be logged.

    Raises:
        StageError: results are damaged, or the store fails and `TRACKING_REQUIRED=1`.
    """
    from stages.tracking.leaderboard import write_leaderboard
    from stages.tracking.log_results import log_results
    from stages.tracking.store import tolerating_failures

    logged = []
    with tolerating_failures():
        for model in models:
            if log_results(pipeline.name, model, pipeline.content_of(model)):
                logged.append(model)
        if logged:
            shown = [each for each in pipeline.metrics if each.in_summary]
            tasks, parameters = pipeline.tasks, pipeline.compared_parameters
            write_leaderboard(pipeline.name, pipeline.ranking, shown, tasks, parameters)
    return logged
