"""Stage `figures-generate@dataset`: generate a data set of figures."""

import numpy as np

from pipelines.figures.data.dataset import draw_figure_set
from pipelines.seeds import derive_seed
from stages.errors import in_one_line
from stages.outputs.atomic import write_outputs
from stages.params import Params
from stages.paths import figures_dataset, relative
from stages.runner.command import run_variant


def generate(params: Params, dataset: str) -> str:
    """Generate a data set and write it."""
    settings = params.figures.datasets[dataset]
    split = settings.split
    rng = np.random.default_rng(derive_seed(params.seed, "figures-generate"))
    fractions = (split.train, split.validation, split.test)
    with in_one_line(ValueError):
        figures = draw_figure_set(
            settings.count, settings.size, settings.noise, settings.centred, fractions, rng
        )
    path = figures_dataset(dataset)
    write_outputs(path.parent, {path.name: figures.write})
    size = f"{settings.size}×{settings.size}"
    return f"{settings.count:,} figures of {size} pixels → {relative(path)}"


if __name__ == "__main__":
    run_variant("figures-generate", generate, lambda params: params.figures.datasets)
