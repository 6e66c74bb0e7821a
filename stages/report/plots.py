"""Pictures of a pipeline, embedded in the report."""

import base64
import io
from collections.abc import Iterator

from pipelines.pictures import save_picture
from stages import paths
from stages.errors import read_input
from stages.outputs.metrics import read_scores
from stages.params import Params
from stages.runner.pipeline import Pipeline
from stages.runner.standings import Standings


def embedded_plots(
    pipeline: Pipeline, standings: Standings, params: Params
) -> Iterator[tuple[str, str]]:
    """Yield the caption and the `data:` address of each picture that the pipeline's section lists.

    Missing files are left out. So are the pictures of a role whose metric no variant has.

    Args:
        pipeline: definition of the pipeline.
        standings: variants in order, with their metrics.
        params: all parameters.

    Raises:
        StageError: scores are missing or damaged.
    """
    section = pipeline.section
    variants = {role: standings.best_by(metric) for role, metric in section.roles.items()}
    variants["best"] = standings.best
    for file, caption in section.plots.items():
        path = paths.RESULTS / file.format_map(variants)
        if path.exists():
            yield caption.format_map(variants), _address(path.read_bytes())
    if section.draw:
        scores = {name: _test_scores(pipeline.name, name) for name in standings.summaries}
        for caption, figure in section.draw(scores, params):
            picture = io.BytesIO()
            save_picture(figure, picture)
            yield caption, _address(picture.getvalue())


def _test_scores(pipeline: str, variant: str) -> dict[str, float]:
    return read_input(read_scores, paths.results(pipeline, variant) / "scores.json")["test"]


def _address(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
