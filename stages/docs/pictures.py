"""The pictures in `docs/pictures/`, copied from results."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipelines.pictures import save_picture
from stages import paths
from stages.docs.hero import draw_hero
from stages.imbalance.pipeline import draw_comparison
from stages.outputs.metrics import read_scores
from stages.params import load_params

FOLDER = paths.ROOT / "docs" / "pictures"
#: Each picture by its name, and its file under `results/`.
COPIES = {
    "figures_samples": "figures/cnn/plots/figures.png",
    "figures_mistakes": "figures/best_mlp/plots/mistakes.png",
    "figures_confusion": "figures/best_mlp/plots/confusion_matrix.png",
    "figures_network": "figures/demo_1/plots/network.png",
    "figures_first_layer": "figures/demo_1/plots/first_layer_weights.png",
    "figures_filters": "figures/cnn/plots/first_layer_weights.png",
    "digits_reconstructions": "digits/vae/plots/reconstructions_stacked.png",
    "digits_samples": "digits/vae/plots/samples_mixture_stacked.png",
    "digits_anomalies": "digits/vae_missing/plots/anomalies_single.png",
    "digits_latent_map": "digits/vae/plots/latent_map.png",
    "digits_latent_walk": "digits/vae/plots/latent_walk.png",
    "digits_latent_interpolation": "digits/vae/plots/latent_interpolation.png",
    "digits_training": "digits/vae/plots/samples_during_training.png",
    "imbalance_forecasts": "imbalance/lstm_residual/plots/forecasts.png",
    "imbalance_calibration": "imbalance/lstm_residual/plots/calibration.png",
    "imbalance_structural": "imbalance/series/plots/structural_imbalance.png",
    "imbalance_series": "imbalance/series/plots/series.png",
}


def draw_pictures() -> None:
    """Copy pictures from `results/`; draw those of several models and those of the notebooks.

    Raises:
        FileNotFoundError: A result is missing.
    """
    FOLDER.mkdir(exist_ok=True)
    for name, source in COPIES.items():
        shutil.copyfile(paths.RESULTS / source, _file(name))
    save_picture(draw_hero(paths.RESULTS), _file("hero"))
    params = load_params()
    scores = {
        model: read_scores(paths.results("imbalance", model) / "scores.json")["test"]
        for model in params.imbalance.models
    }
    ((_, comparison),) = draw_comparison(scores, params)
    save_picture(comparison, _file("imbalance_error_by_lead_time"))
    command = [sys.executable, str(paths.ROOT / "notebooks" / "pictures.py")]
    subprocess.run(command, cwd=paths.ROOT, env=os.environ | {"MPLBACKEND": "agg"}, check=True)


def _file(name: str) -> Path:
    return FOLDER / f"{name}.png"
