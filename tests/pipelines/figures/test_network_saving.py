"""A saved network comes back as it was, and damaged or unrelated files are refused."""

import json
import re
import zipfile

import numpy as np
import pytest

from pipelines.checksums import write_checksums
from pipelines.figures import NetworkClassifier

FILES = ["network.json", "network.npz"]


def fitted(classes=(0, 1, 2)):
    rng = np.random.default_rng(0)
    X, y = rng.random((20, 6)), np.array(classes)[rng.integers(3, size=20)]
    return NetworkClassifier(layers=[(4, "relu")], epochs=2, random_state=0).fit(X, y), X


@pytest.fixture
def folder(tmp_path):
    fitted()[0].save(tmp_path)
    return tmp_path


@pytest.mark.parametrize("classes", [["a", "bb", "c"], [2.0, 3.0, 9.0], [7, 5, -1]])
def test_a_saved_classifier_comes_back_as_it_was(classes, tmp_path):
    saved, X = fitted(classes)
    saved.save(tmp_path)
    loaded = NetworkClassifier.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict_proba(X), saved.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict(X), saved.predict(X))
    assert loaded.classes_.dtype == saved.classes_.dtype
    assert loaded.history_ == saved.history_
    assert loaded.n_features_in_ == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SHA256SUMS", *FILES]
    with zipfile.ZipFile(tmp_path / "network.npz") as archive:
        assert {info.date_time[0] for info in archive.infolist()} == {1980}, "no date of saving"


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        NetworkClassifier.load(folder)


def check_refused(folder, named):
    write_checksums(folder)
    with pytest.raises(ValueError, match=re.escape(str(named))) as raised:
        NetworkClassifier.load(folder)
    assert "\n" not in str(raised.value)


def cut(share):
    return lambda content: content[: int(share * len(content))]


def flip_a_bit(content):
    place = content.index(b"weights_1") + 200
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((name, cut(share)) for name in FILES for share in (0.0, 0.5, 0.9)),
        ("network.npz", flip_a_bit),
        ("network.json", lambda content: b"[]"),
    ],
)
def test_damaged_bytes_are_refused(folder, name, damage):
    path = folder / name
    path.write_bytes(damage(path.read_bytes()))
    check_refused(folder, path)


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
    contents = json.loads((folder / "network.json").read_text())
    change(contents)
    (folder / "network.json").write_text(json.dumps(contents))
    check_refused(folder, folder)


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
    with np.load(folder / "network.npz") as file:
        arrays = dict(file)
    change(arrays)
    np.savez(folder / "network.npz", **arrays)
    check_refused(folder, folder / "network.npz")
