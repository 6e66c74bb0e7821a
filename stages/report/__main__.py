"""Stage `report`: rank the variants of every pipeline; write one page over all results.

Its output for DVC is `results/leaderboard.json`. The page `results/report.html` also shows what DVC
does not track: the commit, the changes since then, and the durations of the stages.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stages import paths
from stages.errors import read_input
from stages.outputs.atomic import json_writer, read_yaml, write_outputs
from stages.params import Params
from stages.registry import PIPELINES
from stages.report.changes import changes_since_commit
from stages.report.durations import duration_text, durations, stage_names
from stages.report.environment import data_sets, machine, versions
from stages.report.leaderboard import Leaderboard, read_leaderboard
from stages.runner.command import run_stage
from stages.tracking.git import commit_tags


def report(params: Params) -> str:
    """Write `results/leaderboard.json` and `results/report.html`.

    Raises:
        StageError: results are missing or damaged.
    """
    boards = [read_leaderboard(pipeline, params) for pipeline in PIPELINES]
    page = render(params, boards)
    ranking = json_writer({board.pipeline.name: board.document for board in boards})
    write_outputs(
        paths.RESULTS,
        {
            paths.leaderboard().name: ranking,
            paths.report_page().name: lambda draft: draft.write_text(page, encoding="utf-8"),
        },
    )
    best = ", ".join(f"{board.pipeline.name} {board.standings.best}" for board in boards)
    return f"best are {best} → {paths.relative(paths.report_page())}"


def render(params: Params, boards: Sequence[Leaderboard]) -> str:
    """Return the page as HTML that needs no other file and no network."""
    workflow, lock = read_input(read_yaml, paths.WORKFLOW), read_input(read_yaml, paths.LOCK)
    # The duration of this stage is known only when it has ended.
    stages = [name for name in stage_names(workflow, params) if name != "report"]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = duration_text
    return environment.get_template("page.html").render(
        boards=boards,
        written=datetime.now(UTC),
        commit=commit_tags(),
        changes=changes_since_commit([(board.pipeline, board.summaries) for board in boards]),
        durations=durations(stages),
        data_sets=list(data_sets(lock, stages)),
        machine=machine(params),
        versions=versions(),
        parameters=paths.PARAMS.read_text(encoding="utf-8"),
    )


if __name__ == "__main__":
    run_stage("report", report)
