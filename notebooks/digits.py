# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
# # Autoencoders of handwritten digits
# An autoencoder compresses an image to a few numbers, its latents, and draws the image again from
# them. This notebook trains two kinds of autoencoders, detects a digit that training never showed,
# walks through the latent space and generates new digits.
#
# `jupytext --to notebook digits.py` converts this file to a Jupyter notebook. As a script,
# `python digits.py`, it prints its numbers and shows no pictures.

# %%
# %matplotlib inline
# ruff: noqa: B018 (a notebook shows the last value of a cell)
from pathlib import Path

import numpy as np

from pipelines.digits.data.mnist import read_digits, small_digits
from pipelines.digits.evaluation.anomaly import detection_scores
from pipelines.digits.models.autoencoder import Architecture
from pipelines.digits.models.autoencoder_training import fit_autoencoder
from pipelines.digits.models.generation import latent_walk
from pipelines.digits.models.settings import AutoencoderSettings
from pipelines.digits.plots.anomalies import score_histograms
from pipelines.digits.plots.generation import latent_walks, reconstructions, sample_grid

# %% [markdown]
# ## The images
# The notebook uses MNIST if the stage `digits-fetch` has downloaded it. Otherwise it uses the 1,797
# digits that scikit-learn contains, enlarged to 28 × 28 pixels. No training image shows an 8.

# %%
HELD_OUT = 8
folders = [Path("data/raw/digits"), Path("../data/raw/digits")]
digits = next((read_digits(each) for each in folders if each.exists()), None) or small_digits()
training_images = digits.train_images[digits.train_labels != HELD_OUT][:5_000]
test_images, test_labels = digits.test_images[:2_000], digits.test_labels[:2_000]
print(f"{len(training_images):,} training images, {len(test_images):,} test images")

# %% [markdown]
# ## Train two autoencoders
# A plain autoencoder encodes an image as a point in the latent space, and learns to reconstruct it.
# A variational autoencoder (VAE) encodes an image as a normal distribution. Its loss also contains
# the Kullback-Leibler divergence of this distribution from the standard normal N(0, I). This keeps
# the latents close together around the origin. Losses are in nats per image.

# %%
architecture = Architecture(latent_dim=10, widths=(8, 16), hidden_dim=64, residual_blocks=0)
common = {"architecture": architecture, "batch_size": 32, "learning_rate": 0.01}
common["epochs"] = 20_000 // len(training_images)
settings = {
    "autoencoder": AutoencoderSettings(kind="autoencoder", binarization="none", **common),
    "VAE": AutoencoderSettings(kind="variational", binarization="dynamic", **common),
}
models, losses = {}, {}
for name, each in settings.items():
    models[name], result = fit_autoencoder(training_images, each, mixture_components=5, seed=0)
    losses[name] = [row["validation/loss"] for row in result.history]
    print(f"{name}: validation loss from {losses[name][0]:.0f} to {losses[name][-1]:.0f} nats")
autoencoder, vae = models["autoencoder"], models["VAE"]

# %% [markdown]
# ## Reconstruct
# Ten latents describe most digits well. The 8 comes out as another digit or blurred, because the
# decoder has never drawn one.
#
# ![Each digit above its reconstruction](../docs/pictures/notebook_digits_reconstruction.png)

# %%
one_of_each = [np.flatnonzero(test_labels == digit)[1] for digit in range(10)]
originals = test_images[one_of_each]
title = "Test digits, each above its reconstruction"
reconstruction = reconstructions(originals, autoencoder.reconstruct(originals), title, columns=10)
reconstruction

# %% [markdown]
# ## Detect anomalies
# A large reconstruction error is a sign of an anomaly, here of an 8. The score `density_corrected`
# also counts how unusual the latents of the image are. The AUROC is the probability that an 8 has a
# higher score than another digit: 0.5 is chance, 1 is perfect. AP is the average precision.
#
# ![Anomaly scores of the 8 and of the other digits](../docs/pictures/notebook_digits_anomalies.png)

# %%
anomalous = test_labels == HELD_OUT
scores = autoencoder.anomaly_scores(test_images)._asdict()
auroc = {name: detection_scores(values, anomalous).auroc for name, values in scores.items()}
print("AUROC:", ", ".join(f"{name} {value:.2f}" for name, value in auroc.items()))
anomalies = score_histograms(scores, anomalous, f"Anomaly scores: {HELD_OUT} against other digits")
anomalies

# %% [markdown]
# ## Walk through the latent space
# The first rows walk on a straight line from the latents of one image to those of another, and
# decode each step. The last rows start from a 2 and change a single latent from -2.5 to 2.5. The
# images change gradually, because the latent space of a VAE has few gaps.
#
# ![Walks through the latent space](../docs/pictures/notebook_digits_walks.png)

# %%
latents = vae.latents(originals)
pairs = [(3, 5), (7, 9), (6, 0)]
ends = {f"{start} → {end}": (latents[start], latents[end]) for start, end in pairs}
for number in vae.latents(test_images).std(dim=0).argsort(descending=True)[:3].tolist():
    low, high = latents[2].clone(), latents[2].clone()
    low[number], high[number] = -2.5, 2.5
    ends[f"2, latent {number + 1}"] = (low, high)
steps = np.stack([vae.images(latent_walk(*pair, 12), channels=1) for pair in ends.values()])
walks = latent_walks(steps, list(ends), "Walks through the latent space of the VAE")
walks

# %% [markdown]
# ## Generate
# New digits need no image at all: draw latents from N(0, I) and decode them.
#
# ![Generated digits](../docs/pictures/notebook_digits_samples.png)

# %%
generated = vae.sample(45, "prior", channels=1, seed=0)
samples = sample_grid(generated, "Generated: latents drawn from N(0, I)", columns=15)
samples
