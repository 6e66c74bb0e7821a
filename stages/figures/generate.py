"""Stage `figures-generate@dataset`: draw a set of figures."""

import numpy as np

from pipelines.figures.dataset import draw_figure_set
from stages.command import in_one_line, relative, run_variant
from stages.layout import figures_dataset
from stages.outputs import whole
from stages.params import Params
from stages.seed import stage_seed


def generate(params: Params, dataset: str) -> str:
    """Draw the data set and write it."""
    settings = params.figures.datasets[dataset]
    split = settings.split
    rng = np.random.default_rng(stage_seed(params.seed, f"figures-generate@{dataset}"))
    fractions = (split.train, split.validation, split.test)
    with in_one_line(ValueError):
        figures = draw_figure_set(
            settings.count, settings.size, settings.noise, settings.centred, fractions, rng
        )
    path = figures_dataset(dataset)
    with whole(path) as draft:
        figures.write(draft)
    return f"{settings.count:,} figures of {settings.size}×{settings.size} → {relative(path)}"


if __name__ == "__main__":
    run_variant("figures-generate", generate, lambda params: params.figures.datasets)
