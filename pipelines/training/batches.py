"""Batches of tensors for training."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

__all__ = ["TensorBatches"]


class TensorBatches:
    """Batches of rows of one or more tensors, in order or shuffled.

    A batch is indexed at once, which is faster than the per-sample collation of a `DataLoader`.

    Args:
        *tensors: Tensors of equal length; row i of each belongs to example i.
        batch_size: Number of rows in a batch. The last batch may be smaller.
        shuffle: Whether every iteration draws a new order from `generator`.

    Raises:
        ValueError: If the lengths differ or are 0, or the batch size is not positive.

    Example:
        >>> batches = TensorBatches(torch.arange(5), torch.ones(5), batch_size=2)
        >>> [first.tolist() for first, _ in batches]
        [[0, 1], [2, 3], [4]]
    """

    def __init__(self, *tensors: Tensor, batch_size: int, shuffle: bool = False) -> None:
        lengths = [len(tensor) for tensor in tensors]
        if not lengths or min(lengths) == 0 or min(lengths) != max(lengths):
            raise ValueError(f"tensors: lengths {lengths}, equal and positive ones expected")
        if batch_size < 1:
            raise ValueError(f"batch_size: {batch_size}, at least 1 expected")
        self.tensors = tensors
        self.batch_size = batch_size
        self.generator = torch.Generator() if shuffle else None

    def __len__(self) -> int:
        return math.ceil(len(self.tensors[0]) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        if self.generator is None:
            yield from zip(*(tensor.split(self.batch_size) for tensor in self.tensors), strict=True)
            return
        order = torch.randperm(len(self.tensors[0]), generator=self.generator)
        for rows in order.split(self.batch_size):
            yield tuple(tensor[rows] for tensor in self.tensors)
