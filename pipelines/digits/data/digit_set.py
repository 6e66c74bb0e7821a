"""Labelled digits together with stacks of them."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipelines.digits.data.stacking import draw_stacks, stacked_images, stacked_labels

__all__ = ["DigitSet"]


@dataclass(frozen=True, eq=False)
class DigitSet:
    """Labelled images and stacks of them.

    Attributes:
        images: Single images, uint8 [n, 28, 28].
        labels: Digits 0 to 9, [n].
        members: Indices of the images of each stack, [m, 3].
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    members: NDArray[np.int64]

    @classmethod
    def draw(
        cls,
        images: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        stacks: int,
        generator: np.random.Generator,
    ) -> Self:
        """Combine random images into stacks.

        Args:
            images: Single images, uint8 [n, 28, 28].
            labels: Digits 0 to 9, [n].
            stacks: Number of stacks.
            generator: Random number generator.
        """
        return cls(images, labels, draw_stacks(len(images), stacks, generator))

    def units(self, channels: int) -> NDArray[np.uint8]:
        """Return the inputs of a network: the images for one channel, the stacks for three."""
        return self.images if channels == 1 else stacked_images(self.images, self.members)

    def stacked(self, values: NDArray, channels: int) -> NDArray:
        """Group values of single images by stack, [m, 3, ...].

        Args:
            values: Values of single images for one channel, or of stacks for three.
            channels: Channels of the network. With three, the values are returned unchanged.
        """
        return values[self.members] if channels == 1 else values

    def stacked_scores(self, scores: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the highest score in each stack, [m], from the scores of single images, [n]."""
        return scores[self.members].max(axis=1)

    @property
    def stacked_labels(self) -> NDArray[np.int64]:
        """Labels of the stacks, [m]."""
        return stacked_labels(self.labels, self.members)
