"""A file of skops is the same, byte by byte, whenever it holds the same."""

import time
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import Ridge

from pipelines.imbalance.forecasters.skops_file import make_reproducible


def model():
    return Ridge().fit(np.arange(6.0).reshape(3, 2), [1.0, 2.0, 4.0])


def test_two_files_of_the_same_model_become_equal(tmp_path, monkeypatch):
    kept = []
    for year, name in enumerate(("first", "second"), start=2001):
        moment = time.struct_time((year, 1, 1, 0, 0, 0, 0, 1, 0))
        monkeypatch.setattr(time, "localtime", lambda *_, moment=moment: moment)
        kept.append(model())  # what lives on takes its place in memory with it
        skops.io.dump(kept[-1], tmp_path / name)
    files = [tmp_path / name for name in ("first", "second")]
    assert files[0].read_bytes() != files[1].read_bytes()
    for file in files:
        make_reproducible(file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_model_stays_what_it_was(tmp_path):
    file = tmp_path / "model.skops"
    skops.io.dump(model(), file)
    make_reproducible(file)
    np.testing.assert_array_equal(skops.io.load(file).coef_, model().coef_)


def test_a_part_that_the_schema_does_not_name_is_refused(tmp_path):
    file = tmp_path / "model.skops"
    skops.io.dump(model(), file)
    with zipfile.ZipFile(file, "a") as opened:
        opened.writestr("stray.npy", b"")
    with pytest.raises(ValueError, match=r"stray\.npy: not named"):
        make_reproducible(file)
