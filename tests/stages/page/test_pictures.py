"""The pictures that there are come onto the page as they are."""

import base64
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from stages.page.pictures import read_pictures

WANTED = {
    "{winner}/curve.png": "How {winner} learns",
    "{detector}/strange.png": "What {detector} finds",
    "judge/mistakes.png": "What it gets wrong",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for file in ("vae/curve.png", "ae/strange.png"):
        (tmp_path / file).parent.mkdir()
        matplotlib.image.imsave(tmp_path / file, np.zeros((300, 450, 3)))
    return tmp_path


def test_pictures_of_the_variants_that_play_a_role_are_carried_whole(root: Path) -> None:
    curve, strange = read_pictures(root, WANTED, {"winner": "vae", "detector": "ae"})
    assert (curve.caption, strange.caption) == ("How vae learns", "What ae finds")
    kind, _, content = curve.address.partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == (root / "vae/curve.png").read_bytes()
    assert (curve.width, curve.height) == (288, 192)  # three inches by two, 96 pixels each


def test_a_picture_of_a_role_that_nobody_plays_is_left_out(root: Path) -> None:
    (curve,) = read_pictures(root, WANTED, {"winner": "vae", "detector": None})
    assert curve.caption == "How vae learns"


@pytest.mark.parametrize("content", [b"", b"<svg onload='alert(1)'/>", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(root: Path, content: bytes) -> None:
    (root / "vae/curve.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"^curve\.png is no PNG picture$"):
        read_pictures(root, WANTED, {"winner": "vae", "detector": None})
