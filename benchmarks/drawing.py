"""Figures drawn per second: whole batches against plain loops over pixels.

    python -m benchmarks.drawing [--size 30] [--noise 0.1] [--rounds 7]

The first loop draws a weighted `choice` for every pixel. The second loop draws a uniform number
instead. All three draw the same kinds of figures on one core. They take turns, so that other
load on the machine affects them alike.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import write_record
from pipelines.figures import CLASSES, draw_figures

Chance = Callable[[float, np.random.Generator], bool]


def main() -> None:
    """Time every way of drawing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=30, help="canvas in pixels (default 30)")
    parser.add_argument("--noise", type=float, default=0.1, help="noise probability (default 0.1)")
    parser.add_argument("--rounds", type=int, default=7, help="repetitions (default 7)")
    size, noise, rounds = vars(parser.parse_args()).values()

    contenders = {
        "pixel by pixel, rng.choice": (40, loop_with(by_choice)),
        "pixel by pixel, rng.random": (400, loop_with(by_uniform_number)),
        "draw_figures, whole batches": (50_000, draw_figures),
    }
    rows = []
    for centred in (True, False):
        rates: dict[str, list[float]] = {name: [] for name in contenders}
        for seed in range(rounds):
            for name, (count, draw) in contenders.items():
                rng = np.random.default_rng(seed)
                start = time.process_time()
                draw(count, size, noise, centred, rng)
                rates[name].append(count / (time.process_time() - start))
        rows += rows_of(rates, "centred" if centred else "off-centre")
    write_record(
        "drawing",
        columns=("way of drawing", "figures", "figures/s, median", "slowest", "fastest", "ratio"),
        rows=rows,
        packages=("numpy",),
        notes=[f"{size} × {size} pixels, noise {noise}, {rounds} rounds, one core."],
    )


def rows_of(rates: dict[str, list[float]], figures: str) -> list[list[str]]:
    """Return median and range of each contender's rates, and the ratio to the first median."""
    baseline = median(next(iter(rates.values())))
    return [
        [
            name,
            figures,
            *(f"{rate:,.0f}" for rate in (median(measured), min(measured), max(measured))),
            f"{median(measured) / baseline:,.0f} ×",
        ]
        for name, measured in rates.items()
    ]


def loop_with(chance: Chance) -> Callable[..., None]:
    """Return a plain loop over figures and pixels."""

    def draw(count: int, size: int, noise: float, centred: bool, rng: np.random.Generator) -> None:
        for index in range(count):
            image = np.zeros((size, size), dtype=np.uint8)
            square = square_of(image, centred, rng)
            draw_one(square, CLASSES[index % len(CLASSES)], chance, rng)
            add_noise_to_one(image, noise, chance, rng)

    return draw


def by_choice(probability: float, rng: np.random.Generator) -> bool:
    """Decide with a weighted choice."""
    return rng.choice([False, True], p=[1 - probability, probability])


def by_uniform_number(probability: float, rng: np.random.Generator) -> bool:
    """Decide with one uniform number."""
    return rng.random() < probability


def square_of(
    image: NDArray[np.uint8], centred: bool, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return the view of a canvas in which the figure is drawn."""
    size = len(image)
    if centred:
        return image
    side = rng.integers(int(np.ceil(0.3 * size)), int(0.8 * size), endpoint=True)
    top, left = rng.integers(2, size=2) * (size - side)
    return image[top : top + side, left : left + side]


def draw_one(
    square: NDArray[np.uint8], name: str, chance: Chance, rng: np.random.Generator
) -> None:
    """Draw one clean figure into its square."""
    side = len(square)
    if name == "cross":
        for turned in (square, np.flip(square, axis=1)):
            np.fill_diagonal(turned, 1)
            if chance(1 / 3, rng):
                np.fill_diagonal(turned[1:], 1)
                np.fill_diagonal(turned[:, 1:], 1)
    elif name == "circle":
        middle = (side - 1) / 2
        rows, columns = np.ogrid[:side, :side]
        distance = np.hypot(rows - middle, columns - middle)
        square[np.abs(distance - middle) <= rng.choice([0.8, 0.9, 1.1, 1.2])] = 1
    else:
        lines = square if name == "horizontal" else square.T
        row = rng.integers(2)
        while row < side:
            lines[row] = 1
            row += rng.choice([4, 5, 6])


def add_noise_to_one(
    image: NDArray[np.uint8], noise: float, chance: Chance, rng: np.random.Generator
) -> None:
    """Flip pixels at random; a pixel that is cleared sets a random pixel at the end."""
    size = len(image)
    landings = []
    for row in range(size):
        for column in range(size):
            if chance(noise, rng):
                if image[row, column]:
                    landings.append(rng.integers(size, size=2))
                image[row, column] ^= 1
    for row, column in landings:
        image[row, column] = 1


if __name__ == "__main__":
    main()
