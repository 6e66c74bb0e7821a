"""The forward and the backward pass of a network, laid out once over fixed arrays."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.figures.network.contraction import Operation
from pipelines.figures.network.layers import Layer
from pipelines.figures.network.losses import LOSSES, LOSSES_OF_LOGITS, Loss
from pipelines.figures.network.optimizers import Update
from pipelines.figures.network.parameters import Parameters

__all__ = ["Chain", "TrainingStep", "fuse", "propagate"]

Array = NDArray[np.floating]

Chain = Sequence[tuple[str, ...]]
"""The activations of each dense layer, by name, those applied first standing first."""

# Rows computed at once, at most: this bounds the memory and suits the processor's cache.
ROWS = 256


def fuse(chain: Chain, loss: str) -> tuple[Chain, Loss]:
    """Join the last activation and the loss where that is safer than one after the other.

    Returns:
        The chain, without its last activation if the loss includes it now, and the loss.
    """
    *front, last = chain
    if last and (last[-1], loss) in LOSSES_OF_LOGITS:
        return [*front, last[:-1]], LOSSES_OF_LOGITS[last[-1], loss]
    return chain, LOSSES[loss]


def propagate(parameters: Parameters, chain: Chain, X: NDArray) -> Array:
    """Return the outputs of a network.

    Args:
        parameters: its weights and biases.
        chain: its activations.
        X: inputs, `[count, inputs]`, any real type.

    Returns:
        Outputs, `[count, outputs]`, in the parameters' type.
    """
    outputs = np.empty((len(X), parameters.widths[-1]), parameters.vector.dtype)
    for start in range(0, len(X), ROWS):
        rows = X[start : start + ROWS]
        if start == 0 or len(rows) < ROWS:  # the last rows may be fewer
            x = np.zeros(rows.shape, outputs.dtype)
            layers = _lay_out(parameters, chain, x)
            operations = [operation for layer in layers for operation in layer.forward()]
        x[:] = rows
        for operation in operations:
            operation()
        outputs[start : start + ROWS] = layers[-1].outputs
    return outputs


class TrainingStep:
    """One step of training on batches of one size.

    Args:
        parameters: weights and biases of the network.
        chain: its activations, without one that the loss includes.
        loss: the loss of the chain's outputs.
        update: what to do with the gradient.
        X: inputs of all examples, `[count, inputs]`.
        targets: their targets, `[count, outputs]`.
        batch_size: number of examples in a batch.
    """

    def __init__(
        self,
        parameters: Parameters,
        chain: Chain,
        loss: Loss,
        update: Update,
        X: NDArray,
        targets: NDArray,
        batch_size: int,
    ) -> None:
        dtype = parameters.vector.dtype
        x = np.zeros((batch_size, parameters.widths[0]), dtype)
        t = np.zeros((batch_size, parameters.widths[-1]), dtype)
        layers = _lay_out(parameters, chain, x)
        self.outputs = layers[-1].outputs
        self.load_inputs, self.load_targets = _loader(X, x), _loader(targets, t)
        self.operations = [
            *(operation for layer in layers for operation in layer.forward()),
            *_backward(layers, loss, t, update),
            *update.finish,
        ]

    def __call__(self, batch: NDArray[np.integer]) -> Array:
        """Take a step on the examples of these indices, `[batch]`.

        Returns:
            The chain's outputs as they were before the step, `[batch, outputs]`, in an array that
            the next call overwrites.
        """
        self.load_inputs(batch)
        self.load_targets(batch)
        for operation in self.operations:
            operation()
        return self.outputs


def _loader(rows: NDArray, out: Array) -> Callable[[NDArray[np.integer]], object]:
    """Return a function that copies the rows of the indices given to `out`."""
    # "clip" spares a copy that take's other modes need to leave `out` whole in case of an error.
    if rows.dtype == out.dtype:
        return lambda indices: rows.take(indices, 0, out, "clip")
    unconverted = np.zeros(out.shape, rows.dtype)

    def load(indices: NDArray[np.integer]) -> None:
        rows.take(indices, 0, unconverted, "clip")
        np.copyto(out, unconverted)

    return load


def _lay_out(parameters: Parameters, chain: Chain, x: Array) -> list[Layer]:
    layers: list[Layer] = []
    for weights, biases, activations in zip(
        parameters.weights, parameters.biases, chain, strict=True
    ):
        layers.append(Layer(x, weights, biases, activations))
        x = layers[-1].outputs
    return layers


def _backward(layers: list[Layer], loss: Loss, t: Array, update: Update) -> list[Operation]:
    outputs = layers[-1].outputs
    delta = np.zeros_like(outputs)
    scale = update.scale * loss.mean_factor(*outputs.shape)
    operations = loss.gradient(outputs, t, delta)
    accumulators = zip(layers, update.accumulator.weights, update.accumulator.biases, strict=True)
    for layer, weights, biases in reversed(list(accumulators)):
        operations += layer.backward_to_z(delta)
        gradient = layer.gradient(delta, weights, biases, scale, update.keep)
        if layer is not layers[0]:  # the data need no gradient
            delta_of_z, delta = delta, np.zeros_like(layer.x)
            # Before the gradient, which may change the weights already.
            operations += layer.backward_to_x(delta_of_z, out=delta)
        operations += gradient
    return operations
