# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
# ---

# %% [markdown]
# # A neural network from its formulas
# A network of three formulas learns generated crosses, circles and lines. Every function runs on
# plain NumPy arrays. Open this file with Jupytext, or run `python notebooks/network.py`.

# %%
import matplotlib.pyplot as plt
import numpy as np

from pipelines.figures import CLASSES, draw_figures
from pipelines.figures.network import Activation, Dense
from pipelines.figures.network.losses import LOSSES_OF_LOGITS
from pipelines.figures.network.optimizers import adam

rng = np.random.default_rng(0)
images, labels = draw_figures(21_000, size=20, noise=0.1, centred=False, rng=rng)
X, T = images.reshape(len(images), -1).astype(float), np.eye(len(CLASSES))[labels]
train, test = slice(0, 20_000), slice(20_000, None)

# %% [markdown]
# The network: z₁ = x W₁ᵀ + b₁, a₁ = max(z₁, 0), z₂ = a₁ W₂ᵀ + b₂. The loss is the cross-entropy of
# softmax(z₂), whose gradient is softmax(z₂) - t.

# %%
hidden, relu, output = Dense(30), Activation("relu"), Dense(len(CLASSES))
loss = LOSSES_OF_LOGITS["softmax", "categorical_cross_entropy"]
W1, b1 = rng.normal(0, np.sqrt(2 / X.shape[1]), (30, X.shape[1])), np.zeros(30)
W2, b2 = rng.normal(0, np.sqrt(2 / 30), (len(CLASSES), 30)), np.zeros(len(CLASSES))


def forward(x):
    z1, saved1 = hidden.forward(x, W1, b1)
    a1, saved2 = relu.forward(z1)
    z2, saved3 = output.forward(a1, W2, b2)
    return z2, (saved1, saved2, saved3)


# %% [markdown]
# A step of training: the chain rule from the loss back to each parameter, then Adam's update.

# %%
means = [(np.zeros_like(p), np.zeros_like(p)) for p in (W1, b1, W2, b2)]
step, losses, accuracies = 0, [], []
for _epoch in range(10):
    for batch in rng.permutation(20_000).reshape(-1, 50):
        z2, (saved1, saved2, saved3) = forward(X[batch])
        dz2 = loss.gradient(z2, T[batch]) / len(batch)
        da1, dW2, db2 = output.backward(dz2, saved3, W2, b2)
        (dz1,) = relu.backward(da1, saved2)
        _, dW1, db1 = hidden.backward(dz1, saved1, W1, b1)
        step += 1
        gradients = zip((W1, b1, W2, b2), (dW1, db1, dW2, db2), means, strict=True)
        updates = [adam(w, g, mean, 0.003, step) for w, g, mean in gradients]
        (W1, b1, W2, b2), means = zip(*updates, strict=True)
    z2, _ = forward(X[test])
    losses.append(loss.value(z2, T[test]).mean())
    accuracies.append((z2.argmax(axis=1) == labels[test]).mean())
print(f"accuracy on {len(X[test])} new figures: {accuracies[-1]:.1%}")

# %%
figure, axes = plt.subplots(1, 5, figsize=(12, 2.6), layout="constrained")
axes[0].plot(losses, label="loss (nats)")
axes[0].plot(accuracies, label="accuracy")
axes[0].set(xlabel="epoch", title="New figures")
axes[0].legend()
strongest = np.argsort(-np.linalg.norm(W2, axis=0))[:4]
for axis, unit in zip(axes[1:], strongest, strict=True):
    axis.imshow(W1[unit].reshape(20, 20), cmap="RdBu_r")
    axis.set(title=f"weights of unit {unit}", xticks=[], yticks=[])
plt.show()
