"""Files of a network: refused when they are damaged or do not belong together."""

import json
import re
import zipfile

import numpy as np
import pytest

from pipelines.checksums import write_checksums
from pipelines.figures import NetworkClassifier


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.random((20, 6)), rng.integers(3, size=20)
    NetworkClassifier(layers=[(4, "relu")], epochs=1, random_state=0).fit(X, y).save(tmp_path)
    return tmp_path


def edit_description(folder, change):
    path = folder / "network.json"
    contents = json.loads(path.read_text())
    change(contents)
    path.write_text(json.dumps(contents))
    write_checksums(folder)


def edit_arrays(folder, change):
    path = folder / "network.npz"
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(path, **arrays)
    write_checksums(folder)


def refusal(folder):
    with pytest.raises(ValueError, match=re.escape(str(folder))) as raised:
        NetworkClassifier.load(folder)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("name", ["network.json", "network.npz"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        NetworkClassifier.load(folder)


@pytest.mark.parametrize("name", ["network.json", "network.npz"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_a_truncated_file_is_refused(folder, name, share):
    contents = (folder / name).read_bytes()
    (folder / name).write_bytes(contents[: int(share * len(contents))])
    write_checksums(folder)
    assert name in refusal(folder)


def test_a_flipped_bit_is_noticed(folder):
    contents = bytearray((folder / "network.npz").read_bytes())
    contents[contents.index(b"weights_1") + 200] ^= 1
    (folder / "network.npz").write_bytes(contents)
    write_checksums(folder)
    assert "network.npz" in refusal(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda contents: contents.update(format=99),
        lambda contents: contents.pop("widths"),
        lambda contents: contents.update(widths=[6, 4]),
        lambda contents: contents.update(widths="none"),
        lambda contents: contents.update(activations=[["relu"], ["swish"]]),
        lambda contents: contents.update(dtype="float16"),
        lambda contents: contents.update(description=3),
        lambda contents: contents["description"].pop("classes"),
        lambda contents: contents["description"]["parameters"].update(colour="red"),
        lambda contents: contents["description"]["parameters"].update(epochs=-1),
        lambda contents: contents["description"]["parameters"].update(output="sigmoid"),
        lambda contents: contents["description"].update(classes=[0, 1]),
        lambda contents: contents["description"].update(classes_dtype="nonsense"),
    ],
)
def test_a_description_of_another_network_is_refused(folder, change):
    edit_description(folder, change)
    refusal(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("biases_2"),
        lambda arrays: arrays.update(extra=np.zeros(2)),
        lambda arrays: arrays.update(weights_1=np.zeros((6, 4), "f4")),
        lambda arrays: arrays.update(weights_1=np.zeros((4, 6))),
        lambda arrays: arrays.update(biases_1=np.full(4, np.nan, "f4")),
        lambda arrays: arrays.update(biases_1=np.array([None] * 4)),
    ],
)
def test_arrays_of_another_network_are_refused(folder, change):
    edit_arrays(folder, change)
    assert "network.npz" in refusal(folder)


def test_a_list_in_place_of_a_description_is_refused(folder):
    (folder / "network.json").write_text("[]")
    write_checksums(folder)
    refusal(folder)


def test_the_archive_carries_no_date(folder):
    with zipfile.ZipFile(folder / "network.npz") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
