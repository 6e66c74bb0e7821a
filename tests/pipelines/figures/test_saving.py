"""A saved network is loaded unchanged, and damaged or unrelated files are refused."""

import json
import re
import zipfile

import numpy as np
import pytest

from pipelines.checksums import write_checksums
from pipelines.figures import NetworkClassifier
from pipelines.figures.network import Activation, Conv2d, Dense, Dropout, MaxPool2d

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
def test_a_saved_classifier_is_loaded_unchanged(classes, tmp_path):
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


def test_layers_of_every_kind_are_loaded_and_can_be_trained_further(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.integers(256, size=(30, 6 * 7 * 2), dtype=np.uint8), rng.integers(3, size=30)
    layers = [
        *(Conv2d(np.int64(4), 3), Activation("relu"), MaxPool2d(2), Dropout(0.25)),
        *((5, "tanh"), Dense(4), Activation("gelu")),
    ]
    settings = dict(image_shape=(6, 7, 2), epochs=2, random_state=0, clip_norm=1.0)
    saved = NetworkClassifier(layers, **settings, dtype="float64", initialization=[0.1] * 4)
    saved.fit(X, y).save(tmp_path)
    loaded = NetworkClassifier.load(tmp_path)
    assert [tuple(each) if isinstance(each, list) else each for each in loaded.layers] == layers
    np.testing.assert_array_equal(loaded.predict_proba(X), saved.predict_proba(X))
    loaded.save(tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / name).read_bytes()
    loaded.partial_fit(X, y)
    assert [row["epoch"] for row in loaded.history_] == [1, 2, 3]
    assert (loaded.network_.vector != saved.network_.vector).any()


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
        lambda contents: contents.pop("classes"),
        lambda contents: contents.update(features="none"),
        lambda contents: contents.update(features=-6),
        lambda contents: contents.update(classes=[0, 1]),
        lambda contents: contents.update(classes_dtype="nonsense"),
        lambda contents: contents.update(history=3),
        *(
            lambda contents, changes=changes: contents["parameters"].update(changes)
            for changes in [
                {"colour": "red"},
                {"epochs": -1},
                {"dtype": "float16"},
                {"output": "swish"},
                {"image_shape": [5, 5, 1]},
                {"layers": 3},
                {"layers": [[6, "relu"]]},
                {"layers": [[4, "swish"]]},
                {"layers": [{"Dense": {"units": 6}}]},
                {"layers": [{"Dense": {"units": "four"}}]},
                {"layers": [{"Conv2d": {"filters": 4, "kernel": 3}}]},
                {"layers": [{"Flatten": {}}]},
                {"layers": [{"Dense": {}, "Dropout": {"rate": 0.1}}]},
                {"layers": [[4, "relu"], {"Dropout": {"rate": "much"}}]},
                {"layers": [[4, "relu"], {"Activation": {"name": "swish"}}]},
            ]
        ),
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
