"""The picture at the top of the README shows one result of each pipeline."""

import json

import numpy as np
import pandas as pd
import pytest

from pipelines.figures.data.dataset import draw_figure_set
from pipelines.figures.data.drawing import CLASSES
from pipelines.imbalance.evaluation.forecast_file import write_forecasts
from pipelines.imbalance.forecasters.forecast_table import forecast_rows
from pipelines.imbalance.forecasters.intervals import LEVELS
from pipelines.pictures import save_picture
from stages.docs.hero import draw_hero

BEST = {"figures": "cnn", "digits": "vae", "imbalance": "ridge"}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The result files that the picture is drawn from."""
    root, rng = tmp_path_factory.mktemp("project"), np.random.default_rng(0)
    results = root / "results"
    for pipeline, variant in BEST.items():
        (results / pipeline / variant).mkdir(parents=True)
    boards = {pipeline: {"best": variant} for pipeline, variant in BEST.items()}
    (results / "leaderboard.json").write_text(json.dumps(boards))

    figure_set = draw_figure_set(100, 10, 0.1, True, (0.4, 0.2, 0.4), rng)
    figure_set.write(root / "small.npz")
    data = {"name": "small", "path": "small.npz", "digest": "", "dtype": "uint8", "shape": [40]}
    training = {"fingerprint": "", "seed": 1, "parameters": {}, "data": data, "metrics": {}}
    (results / "figures" / "cnn" / "run.json").write_text(json.dumps(training))
    names = np.array(CLASSES)[figure_set.test.labels]
    table = pd.DataFrame(np.full((40, 4), 0.75), columns=list(CLASSES))
    table = table.assign(index=range(40), actual=names, predicted=names)
    table.to_csv(results / "figures" / "cnn" / "predictions.csv")

    digits = rng.integers(256, size=(30, 28, 28), dtype=np.uint8)
    np.savez_compressed(results / "digits" / "vae" / "samples.npz", single=digits)

    times = pd.date_range("2021-03-01", periods=124, freq="5min")
    ahead = np.arange(100)[:, None] + np.arange(1, 25)
    truth = rng.normal(0, 100, 124)[ahead]
    rows = forecast_rows(times[:100], times.to_numpy()[ahead], truth, truth[:, :, None] + LEVELS)
    write_forecasts(rows, truth, results / "imbalance" / "ridge" / "forecasts.parquet")
    return results


def test_the_picture_shows_the_best_variant_of_each_pipeline(results):
    hero = draw_hero(results)
    captions = [panel.get_supxlabel() for panel in hero.subfigs]
    assert [panel.get_suptitle() for panel in hero.subfigs] == list(BEST)
    assert all(name in text for name, text in zip(BEST.values(), captions, strict=True))
    figures, digits, imbalance = (panel.axes for panel in hero.subfigs)
    assert sum(bool(axes.images) for axes in figures) == len(CLASSES)
    assert digits[0].images
    legend = [text.get_text() for text in imbalance[0].get_legend().get_texts()]
    assert legend == ["90% interval", "80% interval", "measured", "forecast"]


def test_the_picture_has_the_size_of_a_banner_and_the_same_bytes_each_time(results, tmp_path):
    for name in ("one.png", "two.png"):
        save_picture(draw_hero(results), tmp_path / name)
    content = (tmp_path / "one.png").read_bytes()
    assert content == (tmp_path / "two.png").read_bytes()
    assert [int.from_bytes(content[start : start + 4], "big") for start in (16, 20)] == [1600, 600]
    assert len(content) < 300_000
