"""A feed-forward network: its layers, its parameters, and the formulas of a training step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipelines.figures.network.initialization import Initialization, draw_weights
from pipelines.figures.network.layers import Layer, Rng, Shape
from pipelines.figures.network.losses import LOSSES, LOSSES_OF_LOGITS, Loss
from pipelines.figures.network.notation import Array
from pipelines.figures.network.optimizers import Update
from pipelines.figures.network.regularization import Penalty, clip_norm

__all__ = ["Network", "TrainingStep", "fuse"]

Arrays = tuple[Array, ...]
Parameters = list[list[Array]]

# Number of examples per forward pass outside of training, to limit memory.
CHUNK = 512


@dataclass(frozen=True)
class Network:
    """A sequence of layers and their parameters.

    Attributes:
        layers: The layers, from the inputs to the outputs.
        input_shape: Shape of one example.
        vector: All parameters in one vector `[count]`, which training updates in place.

    Example:
        >>> from pipelines.figures.network import Activation, Dense
        >>> layers = [Dense(20), Activation("relu"), Dense(4), Activation("softmax")]
        >>> network = Network.zeros(layers, (900,))
        >>> network.draw(["he", "glorot"], np.random.default_rng(0))
        >>> network.outputs(np.zeros((1, 900)))
        array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """

    layers: tuple[Layer, ...]
    input_shape: Shape
    vector: Array

    @classmethod
    def zeros(cls, layers: Sequence[Layer], input_shape: Shape, dtype: str = "float32") -> Self:
        """Return a network with all parameters zero."""
        empty = cls(tuple(layers), tuple(input_shape), np.zeros(0, dtype))
        count = sum(math.prod(shape) for shapes in empty.shapes() for shape in shapes)
        return replace(empty, vector=np.zeros(count, dtype))

    def shapes(self) -> list[Sequence[Shape]]:
        """Return the shapes of each layer's parameters."""
        shapes, inputs = [], self.input_shape
        for layer in self.layers:
            inputs, *own = layer.shapes(inputs)
            shapes.append(own)
        return shapes

    def split(self, vector: Array) -> Parameters:
        """Return the weights and the biases of each layer as views of `vector` `[count]`."""
        arrays, end = [], 0
        for shapes in self.shapes():
            own = []
            for shape in shapes:
                start, end = end, end + math.prod(shape)
                own.append(vector[start:end].reshape(shape))
            arrays.append(own)
        return arrays

    @property
    def weights(self) -> list[Array]:
        """Weights, without biases, of each layer with parameters, as views of `vector`."""
        return [own[0] for own in self.split(self.vector) if own]

    def draw(self, initializations: Sequence[Initialization], rng: np.random.Generator) -> None:
        """Draw the weights, given one initialization per layer with weights; set biases to 0."""
        self.vector[:] = 0
        for W, initialization in zip(self.weights, initializations, strict=True):
            W[:] = draw_weights(initialization, W.shape, rng)

    def forward(self, x: Array, parameters: Parameters, rng: Rng = None) -> tuple[Array, list]:
        """Return the outputs for inputs `[batch, features]`, and each layer's saved values."""
        x, saved = x.reshape(len(x), *self.input_shape), []
        for layer, W_and_b in zip(self.layers, parameters, strict=True):
            x, saved_here = layer.forward(x, *W_and_b, rng=rng)
            saved.append(saved_here)
        return x, saved

    def backward(self, dy: Array, saved: list, parameters: Parameters) -> Parameters:
        """Return the gradients of each layer's parameters by backpropagation."""
        gradients, steps = [], list(zip(self.layers, saved, parameters, strict=True))
        for layer, saved_here, W_and_b in reversed(steps):
            dy, *gradient = layer.backward(dy, saved_here, *W_and_b)
            gradients.append(gradient)
        return gradients[::-1]

    def outputs(self, X: NDArray) -> Array:
        """Return the outputs `[count, outputs]` for `X` `[count, features]`, via float64."""
        # In float32, the rounding of an example may depend on its position in the batch.
        parameters, chunks = self.split(self.vector.astype(np.float64)), []
        for start in range(0, len(X), CHUNK):
            x = X[start : start + CHUNK].astype(np.float64)
            chunks.append(self.forward(x, parameters)[0].astype(self.vector.dtype))
        return np.concatenate(chunks)


def fuse(network: Network, loss: str) -> tuple[Network, Loss]:
    """Merge the last activation into the named loss if `LOSSES_OF_LOGITS` has the pair."""
    *front, last = network.layers
    key = (getattr(last, "name", None), loss)
    if key in LOSSES_OF_LOGITS:
        return replace(network, layers=tuple(front)), LOSSES_OF_LOGITS[key]
    return network, LOSSES[loss]


@dataclass(frozen=True)
class TrainingStep:
    """One training step as a function of arrays.

    Attributes:
        network: The network. Its parameters are passed as an argument of the step.
        loss: The loss of the outputs.
        update: The optimizer's formula, with its own settings bound.
        penalty: Penalty on the weights, or None.
        penalty_rate: Rate of the penalty.
        largest_norm: Maximum norm of the gradient, or None.
    """

    network: Network
    loss: Loss
    update: Update
    penalty: Penalty | None = None
    penalty_rate: float = 0.0
    largest_norm: float | None = None

    def __call__(
        self, batch: Arrays, state: Arrays, learning_rate: float, number: int, rng: Rng
    ) -> tuple[Array, Arrays]:
        """Return the outputs before the update `[batch, outputs]`, and the new state.

        Args:
            batch: Inputs `[batch, features]`, targets `[batch, outputs]` and, optionally, weights
                of the examples `[batch]`.
            state: The parameters and the running means of the optimizer, each `[count]`.
            learning_rate: The learning rate.
            number: Number of the step, from 1.
            rng: Random number generator for layers such as dropout.
        """
        (x, t, *weights), (vector, *means) = batch, state
        parameters = self.network.split(vector)
        outputs, saved = self.network.forward(x, parameters, rng)
        dy = self.loss.gradient(outputs, t) / len(x)
        if weights:
            dy = dy * weights[0][:, None]
        gradients = self.network.backward(dy, saved, parameters)
        if self.penalty:
            for gradient, W_and_b in zip(gradients, parameters, strict=True):
                for W in W_and_b[:1]:  # biases have no penalty
                    gradient[0] = gradient[0] + self.penalty_rate * self.penalty.gradient(W)
        g = np.concatenate([array.ravel() for gradient in gradients for array in gradient])
        if self.largest_norm:
            g = clip_norm(g, self.largest_norm)
        vector, means = self.update(vector, g, tuple(means), learning_rate, number)
        return outputs, (vector, *means)
