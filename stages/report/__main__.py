"""Stage `report`: rank the variants of every pipeline and write a report on all results.

DVC tracks its output `results/leaderboard.json`. It does not track `results/report.html`, which
also shows the commit, the changes since then and the durations of the stages.
"""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stages import paths
from stages.errors import read_input
from stages.outputs.atomic import json_writer, read_yaml, write_outputs
from stages.params import Params
from stages.registry import PIPELINES
from stages.report.changes import changes_since_commit
from stages.report.durations import duration_text, durations, stage_names
from stages.report.environment import data_sets, environment
from stages.report.leaderboard import Leaderboard, read_leaderboard
from stages.runner.command import run_stage


def report(params: Params) -> str:
    """Write `results/leaderboard.json` and `results/report.html`.

    Args:
        params: all parameters.

    Returns:
        The best variant of each pipeline, in one line.

    Raises:
        StageError: results are missing or damaged.
    """
    leaderboards = [read_leaderboard(pipeline, params) for pipeline in PIPELINES]
    html = render(params, leaderboards)
    ranking = json_writer({board.pipeline.name: board.document for board in leaderboards})
    write_outputs(
        paths.RESULTS,
        {
            paths.leaderboard().name: ranking,
            paths.report_file().name: lambda draft: draft.write_text(html, encoding="utf-8"),
        },
    )
    best = ", ".join(f"{board.pipeline.name} {board.standings.best}" for board in leaderboards)
    return f"best variants: {best} → {paths.relative(paths.report_file())}"


def render(params: Params, leaderboards: Sequence[Leaderboard]) -> str:
    """Return the report as a single HTML file, which loads nothing from elsewhere.

    Args:
        params: all parameters.
        leaderboards: one per pipeline, in the order of their sections.
    """
    workflow, lock = read_input(read_yaml, paths.WORKFLOW), read_input(read_yaml, paths.LOCK)
    # The duration of this stage is known only after it has ended.
    stages = [name for name in stage_names(workflow, params) if name != "report"]
    jinja = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters["duration"] = duration_text
    return jinja.get_template("template.html").render(
        leaderboards=leaderboards,
        changes=changes_since_commit(leaderboards),
        durations=durations(stages),
        environment=environment(params),
        data_sets=list(data_sets(lock, stages)),
        parameters=paths.PARAMS.read_text(encoding="utf-8"),
    )


if __name__ == "__main__":
    run_stage("report", report)
