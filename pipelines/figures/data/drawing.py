"""Drawing of the four figures as noisy binary images."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLASSES", "MINIMUM_SIZE", "draw_figures", "split_indices"]

CLASSES = ("cross", "circle", "horizontal", "vertical")
"""Names of the classes. A label is an index into this tuple."""

MINIMUM_SIZE = 7
"""Smallest canvas in pixels; below it, a cross and a circle of side 2 would look the same."""

RING_HALF_WIDTHS = (0.8, 0.9, 1.1, 1.2)
LINE_GAPS = (4, 5, 6)
THICK_DIAGONAL_PROBABILITY = 1 / 3

Pixels = NDArray[np.int32]

# Enough pixels to make NumPy's cost per call small, few enough to fit into the cache.
PIXELS_PER_BATCH = 2**18


def draw_figures(
    count: int, size: int, noise: float, centred: bool, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw noisy figures of balanced classes in random order.

    A centred figure fills the canvas. Other figures lie in a square in one of the four corners. The
    side of the square is drawn uniformly from the whole numbers between 0.3 and 0.8 of the canvas.

    - Cross: both diagonals of the square. Each diagonal is thick with probability 1/3: its two
      neighbouring off-diagonals are set as well.
    - Circle: the pixels with |distance - radius| <= w around the centre of the square. The radius
      reaches the centre of its outermost pixels, and w is drawn from {0.8, 0.9, 1.1, 1.2}.
    - Horizontal: lines across the square. The first line is in row 0 or 1, and each further line
      is 4, 5 or 6 rows below the previous one, drawn independently.
    - Vertical: the transpose of a horizontal figure.

    Noise acts on all pixels of the clean figure independently. A set pixel moves away with
    probability `noise`, and an empty pixel is set with probability `noise`. Moved pixels then land
    on places drawn uniformly from the whole canvas, and set them.

    Args:
        count: Number of figures, at least 1.
        size: Height and width of the canvas in pixels, at least `MINIMUM_SIZE`.
        noise: Probability, between 0 and 1, that a set pixel moves, and that an empty pixel is set.
        centred: Whether the figures fill the canvas.
        rng: Random number generator.

    Returns:
        Binary images `[count, size, size]`, and labels `[count]`, which are indices into
        `CLASSES`. Class sizes differ by at most one.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> images, labels = draw_figures(8, 30, 0.1, centred=False, rng=np.random.default_rng(0))
        >>> images.shape, np.bincount(labels).tolist()
        ((8, 30, 30), [2, 2, 2, 2])
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    if size < MINIMUM_SIZE:
        raise ValueError(f"size must be at least {MINIMUM_SIZE} pixels, got {size}")
    if not 0 <= noise <= 1:
        raise ValueError(f"noise must be a probability between 0 and 1, got {noise}")

    labels = rng.permutation(np.arange(count) % len(CLASSES))
    images = np.empty((count, size, size), dtype=np.uint8)
    batch_size = max(1, PIXELS_PER_BATCH // size**2)
    for start in range(0, count, batch_size):
        batch = slice(start, start + batch_size)
        draw_shapes(images[batch], labels[batch], centred, rng)
        if noise > 0:
            add_noise(images[batch], noise, rng)
    return images, labels


def split_indices(
    count: int, fractions: Sequence[float], rng: np.random.Generator
) -> tuple[NDArray[np.int64], ...]:
    """Split examples at random into disjoint splits, such as training, validation and test.

    The sizes follow the largest-remainder method. Each size is rounded down, and the remaining
    examples go to the splits with the largest remainders. In a tie, earlier splits come first.

    Args:
        count: Number of examples.
        fractions: Fraction of each split. Fractions are positive and sum to 1 (within 1e-9).
        rng: Random number generator.

    Returns:
        One array of indices per split, in random order. Together they contain each of
        0 ... count - 1 once.

    Raises:
        ValueError: If the fractions are not positive, do not sum to 1, or leave a split empty.

    Example:
        >>> splits = split_indices(10, (0.7, 0.2, 0.1), np.random.default_rng(0))
        >>> [len(indices) for indices in splits]
        [7, 2, 1]
    """
    fractions = tuple(fractions)
    if not all(fraction > 0 for fraction in fractions) or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"fractions must be positive and sum to 1, got {fractions}")
    # Rounded because 0.7 * 715 is 500.49999999999994, whose remainder must count as 0.5.
    shares = np.round(np.array(fractions) * count, 6)
    sizes = np.floor(shares).astype(np.int64)
    by_remainder = np.argsort(sizes - shares, kind="stable")
    sizes[by_remainder[: count - sizes.sum()]] += 1
    if sizes.min() < 1:
        raise ValueError(
            f"fractions must leave no split empty, got {fractions}, which split {count} examples"
            f" into {sizes.tolist()}"
        )
    return tuple(np.split(rng.permutation(count), np.cumsum(sizes)[:-1]))


def draw_shapes(
    images: NDArray[np.uint8], labels: NDArray[np.int64], centred: bool, rng: np.random.Generator
) -> None:
    """Draw figures without noise for labels `[batch]` into `images` `[batch, size, size]`."""
    size = images.shape[-1]
    if centred:
        sides = np.full(len(labels), size, dtype=np.int32)
    else:
        smallest, largest = math.ceil(3 * size / 10), math.floor(8 * size / 10)
        sides = rng.integers(smallest, largest, size=len(labels), dtype=np.int32, endpoint=True)
    top, left = rng.integers(2, size=(2, len(labels)), dtype=np.int32) * (size - sides)

    # Coordinates relative to the square of each figure, whose rows and columns are 0 ... side - 1.
    rows = (np.arange(size, dtype=np.int32) - top[:, None])[:, :, None]
    columns = (np.arange(size, dtype=np.int32) - left[:, None])[:, None, :]
    sides = sides[:, None, None]
    for label, draw in enumerate((cross, circle, horizontal, vertical)):
        indices = np.flatnonzero(labels == label)
        images[indices] = draw(rows[indices], columns[indices], sides[indices], rng)


def cross(
    rows: Pixels, columns: Pixels, sides: Pixels, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw both diagonals of squares of the given sides `[batch, 1, 1]`, each thick or thin."""
    thickness = rng.random((2, *sides.shape)) < THICK_DIAGONAL_PROBABILITY
    falling = np.abs(rows - columns) <= thickness[0]
    rising = np.abs(rows - (sides - 1 - columns)) <= thickness[1]
    return (falling | rising) & inside(rows, sides) & inside(columns, sides)


def circle(
    rows: Pixels, columns: Pixels, sides: Pixels, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw rings that touch all four edges of squares of the given sides `[batch, 1, 1]`."""
    half_width = rng.choice(RING_HALF_WIDTHS, size=sides.shape)
    # In units of half a pixel, the centre of every square is a whole number. Squared distances are
    # therefore exact, and rings are symmetric.
    diameter = sides - 1
    distance = (2 * rows - diameter) ** 2 + (2 * columns - diameter) ** 2
    inner = np.ceil(np.maximum(diameter - 2 * half_width, 0) ** 2).astype(np.int32)
    outer = np.floor((diameter + 2 * half_width) ** 2).astype(np.int32)
    ring = (inner <= distance) & (distance <= outer)
    return ring & inside(rows, sides) & inside(columns, sides)


def horizontal(
    rows: Pixels, columns: Pixels, sides: Pixels, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw lines along the rows of squares of the given sides `[batch, 1, 1]`, at random gaps."""
    line = rng.integers(2, size=sides.shape)
    on_a_line = rows == line
    while np.any(line < sides):
        line = line + rng.choice(LINE_GAPS, size=sides.shape)
        on_a_line |= rows == line
    return on_a_line & inside(rows, sides) & inside(columns, sides)


def vertical(
    rows: Pixels, columns: Pixels, sides: Pixels, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw lines along the columns of squares of the given sides `[batch, 1, 1]`, like rows."""
    return horizontal(columns, rows, sides, rng)


def inside(coordinates: Pixels, sides: Pixels) -> NDArray[np.bool_]:
    """Return whether row or column coordinates relative to a square lie in it."""
    return (coordinates >= 0) & (coordinates < sides)


def add_noise(images: NDArray[np.uint8], noise: float, rng: np.random.Generator) -> None:
    """Add noise to `images` `[batch, size, size]` in place, as `draw_figures` describes."""
    pixels = images.reshape(-1).view(np.bool_)
    flips = bernoulli(noise, pixels.size, rng)
    moved = np.flatnonzero(flips & pixels)
    pixels ^= flips
    pixels_per_image = images[0].size
    offsets = rng.integers(pixels_per_image, size=len(moved))
    pixels[moved - moved % pixels_per_image + offsets] = True


def bernoulli(probability: float, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw independent booleans `[count]` that are true with a probability in double precision.

    One random byte decides in 255 of 256 cases: true below the threshold, false above it. For a
    byte equal to the threshold, a second number is drawn for the remaining fraction of 1/256.
    """
    words = rng.integers(2**64 - 1, size=-(-count // 8), dtype=np.uint64, endpoint=True)
    draws = words.view(np.uint8)[:count]
    threshold, remainder = divmod(probability * 256, 1)
    successes = draws < int(threshold)
    undecided = np.flatnonzero(draws == int(threshold))
    successes[undecided] = rng.random(len(undecided)) < remainder
    return successes
