"""Drawing the four figures: whole batches of noisy binary images from one random generator."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLASSES", "MINIMUM_SIZE", "draw_figures", "split_indices"]

CLASSES = ("cross", "circle", "horizontal", "vertical")
"""Names of the classes; a figure's label is the index of its name."""

MINIMUM_SIZE = 7
"""Smallest canvas; below it an off-centre square may have side 2, where cross and circle agree."""

RING_HALF_WIDTHS = (0.8, 0.9, 1.1, 1.2)
LINE_GAPS = (4, 5, 6)
THICK_DIAGONAL_PROBABILITY = 1 / 3

Pixels = NDArray[np.int32]

# Pixels drawn at once: enough to hide NumPy's cost per call, few enough to stay near the cache.
PIXELS_PER_BATCH = 2**18


def draw_figures(
    count: int, size: int, noise: float, centred: bool, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw noisy figures, as many of each class as possible, in random order.

    A centred figure fills the canvas. Any other lives in a square anchored in one of the four
    corners, its side drawn uniformly from the whole numbers between 0.3 and 0.8 of the canvas.

    - Cross: both diagonals of the square; each, with probability 1/3, is thick: its two
      neighbouring off-diagonals are set as well.
    - Circle: the pixels with |distance - radius| <= w around the middle of the square, the radius
      reaching the middle of its outermost pixels, w drawn from {0.8, 0.9, 1.1, 1.2}.
    - Horizontal: lines across the square, the first in row 0 or 1, each further one 4, 5 or 6 rows
      below the last (drawn anew for every line). Vertical: the transpose.

    Noise decides about every pixel of the clean figure at once: a set pixel leaves its place with
    probability `noise`, an empty pixel is set with probability `noise`. Those that left land last,
    each on a place drawn uniformly from the whole canvas (its own included); a place where one
    lands is set, whatever was decided about it.

    Args:
        count: Number of figures, at least 1.
        size: Height and width of the canvas in pixels, at least `MINIMUM_SIZE`.
        noise: Probability, between 0 and 1, that a pixel is moved or set.
        centred: Whether the figure fills the canvas.
        rng: Source of all randomness; the same state gives the same figures.

    Returns:
        Images `[count, size, size]` of zeros and ones, and labels `[count]`, indices into
        `CLASSES`. Class sizes differ by at most one.

    Raises:
        ValueError: If an argument is out of its range.

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
    """Split `count` examples at random into disjoint parts, such as training, validation and test.

    Sizes follow the largest-remainder method: each part gets the whole number below its share, and
    the examples left over go to the parts with the largest fractions remaining, the earlier part
    first where these are equal.

    Args:
        count: Number of examples to split.
        fractions: Share of each part, positive, together 1 (within 1e-9).
        rng: Source of the random order.

    Returns:
        One array of indices per part, in random order; together they are 0 ... count - 1.

    Raises:
        ValueError: If the fractions are not positive, do not sum to 1, or leave a part empty.

    Example:
        >>> parts = split_indices(10, (0.7, 0.2, 0.1), np.random.default_rng(0))
        >>> [len(part) for part in parts]
        [7, 2, 1]
    """
    fractions = tuple(fractions)
    if not all(fraction > 0 for fraction in fractions) or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"fractions must be positive and sum to 1, got {fractions}")
    # Rounded, since 0.7 * 715 is 500.49999999999994, whose remainder must count as 0.5.
    shares = np.round(np.array(fractions) * count, 6)
    sizes = np.floor(shares).astype(np.int64)
    by_remainder = np.argsort(sizes - shares, kind="stable")
    sizes[by_remainder[: count - sizes.sum()]] += 1
    if sizes.min() < 1:
        raise ValueError(
            f"fractions must leave no part empty, got {fractions}, which split {count} examples"
            f" into {sizes.tolist()}"
        )
    return tuple(np.split(rng.permutation(count), np.cumsum(sizes)[:-1]))


def draw_shapes(
    images: NDArray[np.uint8], labels: NDArray[np.int64], centred: bool, rng: np.random.Generator
) -> None:
    """Draw the clean figure of each label `[batch]` into `images` `[batch, size, size]`."""
    size = images.shape[-1]
    if centred:
        sides = np.full(len(labels), size, dtype=np.int32)
    else:
        smallest, largest = math.ceil(3 * size / 10), math.floor(8 * size / 10)
        sides = rng.integers(smallest, largest, size=len(labels), dtype=np.int32, endpoint=True)
    top, left = rng.integers(2, size=(2, len(labels)), dtype=np.int32) * (size - sides)

    # Coordinates within each figure's own square, where its rows and columns are 0 ... side - 1.
    rows = (np.arange(size, dtype=np.int32) - top[:, None])[:, :, None]
    columns = (np.arange(size, dtype=np.int32) - left[:, None])[:, None, :]
    sides = sides[:, None, None]
    for label, draw in enumerate((cross, circle, horizontal, vertical)):
        chosen = np.flatnonzero(labels == label)
        images[chosen] = draw(rows[chosen], columns[chosen], sides[chosen], rng)


def cross(
    rows: Pixels, columns: Pixels, sides: Pixels, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw both diagonals of squares `sides` `[batch, 1, 1]`, each thick or thin by itself."""
    thickness = rng.random((2, *sides.shape)) < THICK_DIAGONAL_PROBABILITY
    falling = np.abs(rows - columns) <= thickness[0]
    rising = np.abs(rows - (sides - 1 - columns)) <= thickness[1]
    return (falling | rising) & inside(rows, sides) & inside(columns, sides)


def circle(
    rows: Pixels, columns: Pixels, sides: Pixels, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw rings that touch all four edges of squares `sides` `[batch, 1, 1]`."""
    half_width = rng.choice(RING_HALF_WIDTHS, size=sides.shape)
    # In units of half a pixel the middle of every square is a whole number, so squared distances
    # are exact and mirrored pixels cannot differ by rounding.
    diameter = sides - 1
    distance = (2 * rows - diameter) ** 2 + (2 * columns - diameter) ** 2
    inner = np.ceil(np.maximum(diameter - 2 * half_width, 0) ** 2).astype(np.int32)
    outer = np.floor((diameter + 2 * half_width) ** 2).astype(np.int32)
    ring = (inner <= distance) & (distance <= outer)
    return ring & inside(rows, sides) & inside(columns, sides)


def horizontal(
    rows: Pixels, columns: Pixels, sides: Pixels, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw lines along the rows of squares `sides` `[batch, 1, 1]`, with random gaps."""
    line = rng.integers(2, size=sides.shape)
    on_a_line = rows == line
    while np.any(line < sides):
        line = line + rng.choice(LINE_GAPS, size=sides.shape)
        on_a_line |= rows == line
    return on_a_line & inside(rows, sides) & inside(columns, sides)


def vertical(
    rows: Pixels, columns: Pixels, sides: Pixels, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw lines along the columns of squares `sides` `[batch, 1, 1]`, with random gaps."""
    return horizontal(columns, rows, sides, rng)


def inside(coordinates: Pixels, sides: Pixels) -> NDArray[np.bool_]:
    """Return whether rows or columns, counted within a square, belong to it."""
    return (coordinates >= 0) & (coordinates < sides)


def add_noise(images: NDArray[np.uint8], noise: float, rng: np.random.Generator) -> None:
    """Move set pixels and set empty ones in `images` `[batch, size, size]`, each at `noise`."""
    pixels = images.reshape(-1).view(np.bool_)
    flipped = bernoulli(noise, pixels.size, rng)
    departed = np.flatnonzero(flipped & pixels)
    pixels ^= flipped
    pixels_per_image = images[0].size
    offsets = rng.integers(pixels_per_image, size=len(departed))
    pixels[departed - departed % pixels_per_image + offsets] = True


def bernoulli(probability: float, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw independent truths `[count]` whose probability is exact to double precision.

    A random byte decides, 255 times out of 256: below the threshold is true, above it is false.
    The byte that equals the threshold stands for the remaining fraction of 1/256, and only
    there a second number is drawn.
    """
    words = rng.integers(2**64 - 1, size=-(-count // 8), dtype=np.uint64, endpoint=True)
    draws = words.view(np.uint8)[:count]
    threshold, remainder = divmod(probability * 256, 1)
    successes = draws < int(threshold)
    undecided = np.flatnonzero(draws == int(threshold))
    successes[undecided] = rng.random(len(undecided)) < remainder
    return successes
