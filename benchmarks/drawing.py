"""Figures drawn per second: whole batches against plain loops over pixels, side by side.

Run with `python -m benchmarks.drawing`. The original drew a weighted `choice` for every pixel, as
the first row does; the second has a uniform number in its place. All draw the same kinds of figure
on one core, and rounds alternate between them, so that all meet the same noise of the machine.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from pipelines.figures import CLASSES, draw_figures

Chance = Callable[[float, np.random.Generator], bool]


def main() -> None:
    """Measure every way of drawing and print the table."""
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
    console = Console()
    for centred in (True, False):
        rates: dict[str, list[float]] = {name: [] for name in contenders}
        for seed in range(rounds):
            for name, (count, draw) in contenders.items():
                rng = np.random.default_rng(seed)
                start = time.perf_counter()
                draw(count, size, noise, centred, rng)
                rates[name].append(count / (time.perf_counter() - start))
        where = "centred" if centred else "off-centre"
        console.print(table_of(rates, f"{where} figures of {size} x {size}, noise {noise}"))


def table_of(rates: dict[str, list[float]], title: str) -> Table:
    """Median and range of every contender's rates, and the ratio to the first one's median."""
    table = Table("way of drawing", title=title)
    for column in ("figures/s, median", "slowest", "fastest", "ratio"):
        table.add_column(column, justify="right")
    baseline = statistics.median(next(iter(rates.values())))
    for name, measured in rates.items():
        median = statistics.median(measured)
        numbers = (median, min(measured), max(measured), median / baseline)
        table.add_row(name, *(f"{number:,.0f}" for number in numbers))
    return table


def loop_with(chance: Chance) -> Callable[..., None]:
    """A plain loop of the same definition, one figure and one pixel at a time."""

    def draw(count: int, size: int, noise: float, centred: bool, rng: np.random.Generator) -> None:
        for index in range(count):
            image = np.zeros((size, size), dtype=np.uint8)
            square = square_of(image, centred, rng)
            draw_one(square, CLASSES[index % len(CLASSES)], chance, rng)
            add_noise_to_one(image, noise, chance, rng)

    return draw


def by_choice(probability: float, rng: np.random.Generator) -> bool:
    """Decide with a weighted choice, as the original did."""
    return rng.choice([False, True], p=[1 - probability, probability])


def by_uniform_number(probability: float, rng: np.random.Generator) -> bool:
    """Decide with one uniform number."""
    return rng.random() < probability


def square_of(
    image: NDArray[np.uint8], centred: bool, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The view of a canvas in which the figure is drawn."""
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
    """Visit every pixel: a set one may leave, an empty one may be set; movers land last."""
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
