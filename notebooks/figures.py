# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
# # A neural network from its formulas
# This notebook draws figures, builds a network from three formulas, checks its gradient and watches
# it learn. Every function runs on plain NumPy arrays.
#
# `jupytext --to notebook figures.py` converts this file to a Jupyter notebook. As a script,
# `python figures.py`, it prints its numbers and shows no pictures.

# %%
# %matplotlib inline
# ruff: noqa: B018 (a notebook shows the last value of a cell)
import numpy as np
import pandas as pd

from pipelines.figures import CLASSES, draw_figures
from pipelines.figures.network import Activation, Dense
from pipelines.figures.network.activations import softmax
from pipelines.figures.network.losses import LOSSES_OF_LOGITS
from pipelines.figures.network.optimizers import adam
from pipelines.figures.plots.figures import (
    first_layer_weights,
    misclassified_figures,
    sample_figures,
)
from pipelines.pictures import loss_curves

# %% [markdown]
# ## Draw figures
# There are four classes: crosses, circles, horizontal and vertical lines. A figure lies in a random
# corner, and one pixel in ten is noise. The network learns from 12,000 figures and is tested on
# 1,000 others.
#
# ![Figures of each class](../docs/pictures/notebook_figures_samples.png)

# %%
SIZE, COUNT, TEST_COUNT = 20, 12_000, 1_000
rng = np.random.default_rng(0)
images, labels = draw_figures(COUNT + TEST_COUNT, SIZE, noise=0.1, centred=False, rng=rng)
X = images.reshape(len(images), -1).astype(float)
T = np.eye(len(CLASSES))[labels]  # targets: 1 for the true class, 0 for the others
train, test = slice(COUNT), slice(COUNT, None)
samples = sample_figures(images, labels)
samples

# %% [markdown]
# ## The network
# The network computes z₁ = x W₁ᵀ + b₁, a₁ = max(z₁, 0) and z₂ = a₁ W₂ᵀ + b₂. The probability of
# each class is softmax(z₂). The loss is the cross-entropy: the negative logarithm of the true
# class's probability. An untrained network guesses, and guessing among four classes costs
# log 4 = 1.39.

# %%
hidden, relu, output = Dense(24), Activation("relu"), Dense(len(CLASSES))
loss = LOSSES_OF_LOGITS["softmax", "categorical_cross_entropy"]
parameters = [
    rng.normal(0, np.sqrt(2 / X.shape[1]), (24, X.shape[1])),  # W₁
    np.zeros(24),  # b₁
    rng.normal(0, np.sqrt(1 / 24), (len(CLASSES), 24)),  # W₂
    np.zeros(len(CLASSES)),  # b₂
]


def forward(x, W1, b1, W2, b2):
    z1, saved1 = hidden.forward(x, W1, b1)
    a1, saved2 = relu.forward(z1)
    z2, saved3 = output.forward(a1, W2, b2)
    return z2, (saved1, saved2, saved3)


def scores(examples):
    z2, _ = forward(X[examples], *parameters)
    return loss.value(z2, T[examples]).mean(), (z2.argmax(axis=1) == labels[examples]).mean()


print("untrained: loss {:.2f}, accuracy {:.1%}".format(*scores(test)))

# %% [markdown]
# ## The gradient
# The chain rule leads from the loss back to each parameter. Each layer has a `backward` formula: it
# takes the gradient of its output, and returns those of its input and of its parameters. Finite
# differences check the result: move one weight by ±h, and divide the change of the loss by 2h.


# %%
def gradients(x, t, W1, b1, W2, b2):
    z2, (saved1, saved2, saved3) = forward(x, W1, b1, W2, b2)
    dz2 = loss.gradient(z2, t) / len(x)
    da1, dW2, db2 = output.backward(dz2, saved3, W2, b2)
    (dz1,) = relu.backward(da1, saved2)
    _, dW1, db1 = hidden.backward(dz1, saved1, W1, b1)
    return dW1, db1, dW2, db2


h, x, t = 1e-6, X[:50], T[:50]
differences = []
for number, gradient in enumerate(gradients(x, t, *parameters)):
    index = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    above, below = ([p.copy() for p in parameters] for _ in range(2))
    above[number][index] += h
    below[number][index] -= h
    above, below = (loss.value(forward(x, *each)[0], t).mean() for each in (above, below))
    differences.append(abs((above - below) / (2 * h) - gradient[index]))
print(f"largest difference from the gradient: {max(differences):.0e}")

# %% [markdown]
# ## Watch it learn
# A training step computes the gradient of 50 figures and moves each parameter by Adam's formula. An
# epoch is one pass through all training figures. The gap between the curves is overfitting: the
# network also learns the noise of its training figures.
#
# ![Loss and accuracy of each epoch](../docs/pictures/notebook_figures_learning.png)

# %%
means = [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]
step, history = 0, [[0, *scores(train), *scores(test)]]
for epoch in range(1, 13):
    for batch in rng.permutation(COUNT).reshape(-1, 50):
        step += 1
        zipped = zip(parameters, gradients(X[batch], T[batch], *parameters), means, strict=True)
        updates = [adam(w, gradient, mean, 0.003, step) for w, gradient, mean in zipped]
        parameters, means = zip(*updates, strict=True)
    history.append([epoch, *scores(train), *scores(test)])
print("trained: loss {:.2f}, accuracy {:.1%}".format(*scores(test)))
columns = ["epoch", "train/loss", "train/accuracy", "test/loss", "test/accuracy"]
history = pd.DataFrame(history, columns=columns)
learning = loss_curves(history, "Learning the figures")
learning

# %% [markdown]
# ## What it has learned
# Each image shows the weights of one hidden unit. Red pixels excite the unit, blue pixels inhibit
# it. Stripes respond to lines, diagonals to crosses.
#
# ![Weights of the hidden units](../docs/pictures/notebook_figures_weights.png)

# %%
weights = first_layer_weights(parameters[0].reshape(-1, SIZE, SIZE))
weights

# %% [markdown]
# The most confident mistakes show what is hard: small figures, and figures under much noise. The
# class `NetworkClassifier` runs the same formulas, as a scikit-learn estimator.
#
# ![Figures that the network misclassified](../docs/pictures/notebook_figures_mistakes.png)

# %%
probabilities = softmax(forward(X[test], *parameters)[0])
mistakes = misclassified_figures(images[test], labels[test], probabilities, limit=4)
mistakes
