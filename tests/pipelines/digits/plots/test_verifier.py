import numpy as np
import pytest
from matplotlib.figure import Figure

from pipelines.digits.plots.verifier import confident_mistakes


def beliefs(predicted: list[int], confidence: list[float]) -> np.ndarray:
    """Probabilities that give a digit so much and share the rest among the others."""
    probabilities = np.repeat((1 - np.array(confidence)[:, None]) / 9, 10, axis=1)
    probabilities[np.arange(len(predicted)), predicted] = confidence
    return probabilities


def headings(figure: Figure) -> list[str]:
    return [title for axes in figure.axes if (title := axes.get_title(loc="left"))]


IMAGES = np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 3, 4, 9], dtype=np.uint8)
PREDICTED = [0, 7, 2, 8, 9, 4]
PROBABILITIES = beliefs(PREDICTED, [0.99, 0.5, 0.9, 0.8, 0.6, 0.95])


def test_the_mistakes_alone_are_shown_the_most_confident_first():
    figure = confident_mistakes(IMAGES, LABELS, PROBABILITIES)
    assert headings(figure) == [
        "9, taken for 4 (95.0%)",
        "3, taken for 8 (80.0%)",
        "4, taken for 9 (60.0%)",
        "1, taken for 7 (50.0%)",
    ]
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    np.testing.assert_array_equal(shown, IMAGES[[5, 3, 4, 1]])
    assert figure.get_suptitle() == "Misread digits: 4 of 6"


def test_the_bars_are_the_probabilities():
    figure = confident_mistakes(IMAGES, LABELS, PROBABILITIES)
    bars = [[bar.get_width() for bar in axes.patches] for axes in figure.axes if axes.patches]
    np.testing.assert_allclose(bars, PROBABILITIES[[5, 3, 4, 1]])


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_mistakes_than_the_limit_are_shown_and_the_title_tells(limit):
    figure = confident_mistakes(IMAGES, LABELS, PROBABILITIES, limit=limit)
    assert len(headings(figure)) == limit
    assert figure.get_suptitle().endswith(f"4 of 6, the {limit} most confident mistakes")


def test_without_mistakes_the_picture_says_so():
    figure = confident_mistakes(IMAGES, LABELS, beliefs(LABELS.tolist(), [0.9] * 6))
    assert [text.get_text() for text in figure.texts][-1] == "None: all 6 digits were read right."


@pytest.mark.parametrize("count", [1, 2, 5, 6, 20])
def test_headings_neither_leave_the_picture_nor_touch_each_other(count):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    figure = confident_mistakes(images, np.zeros(count, int), beliefs([1] * count, [0.999] * count))
    boxes = [axes._left_title.get_window_extent() for axes in figure.axes if axes.images]
    for index, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
        assert not any(box.overlaps(other) for other in boxes[:index])
