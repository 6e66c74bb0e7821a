"""A training goes on from its checkpoint bit for bit, and never from a bad one."""

import errno
import io
import os
import signal
import warnings
import zipfile
from pathlib import Path

import pytest
import torch

from tests.pipelines.malicious import Malicious
from tests.pipelines.training.small_modules import (
    fit_regression,
    fit_scripted,
    regression,
    weight_bytes,
)
from tests.pipelines.training.training_process import killed_training


@pytest.mark.parametrize("schedule", ["step", "epoch"])
@pytest.mark.parametrize("epoch", [1, 2, 4, 6])
def test_an_interrupted_training_ends_bit_for_bit_as_an_undisturbed_one(tmp_path, schedule, epoch):
    def interrupt(current: int) -> None:
        if current == epoch:
            raise InterruptedError

    undisturbed = regression(schedule=schedule)
    expected = fit_regression(undisturbed)
    with pytest.raises(InterruptedError):
        fit_regression(regression(schedule=schedule, act=interrupt), checkpoint_folder=tmp_path)
    resumed, rows = regression(schedule=schedule), []
    result = fit_regression(
        resumed, checkpoint_folder=tmp_path, on_epoch=lambda _, row: rows.append(row)
    )
    assert result.resumed_epochs == epoch - 1
    assert result.history == rows == expected.history
    assert (result.best_epoch, result.best_score) == (expected.best_epoch, expected.best_score)
    assert weight_bytes(resumed) == weight_bytes(undisturbed)


def test_a_finished_training_started_again_trains_no_further(tmp_path):
    for _ in range(2):
        module, result = fit_scripted(
            [3.0, 1.0, 2.0, 2.0, 2.0], patience=2, checkpoint_folder=tmp_path
        )
        assert (len(result.history), result.stopped_early, module.weight.item()) == (4, True, 2)
    assert result.resumed_epochs == 4
    module, whole = fit_scripted([3.0, 1.0], checkpoint_folder=tmp_path / "whole")
    module, again = fit_scripted([3.0, 1.0], checkpoint_folder=tmp_path / "whole")
    assert again.history == whole.history
    assert module.weight.item() == 2


def test_a_training_killed_at_any_moment_resumes_and_ends_bit_for_bit_the_same(tmp_path):
    undisturbed = regression()
    fit_regression(undisturbed, max_epochs=60)
    kill_later = """
def act(epoch):
    if epoch == 5:
        die = lambda: (time.sleep(0.1), os.kill(os.getpid(), signal.SIGKILL))
        threading.Thread(target=die, daemon=True).start()
"""
    assert killed_training(kill_later, tmp_path) == -signal.SIGKILL
    resumed = regression()
    result = fit_regression(resumed, checkpoint_folder=tmp_path, max_epochs=60)
    assert 4 <= result.resumed_epochs < 60
    assert weight_bytes(resumed) == weight_bytes(undisturbed)


def test_a_kill_in_the_middle_of_writing_a_checkpoint_leaves_the_one_before(tmp_path):
    die_writing = """
write, act, written = Path.write_bytes, lambda epoch: None, []
def write_half(path, content):
    written.append(path)
    if len(written) == 4:
        write(path, content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, content)
Path.write_bytes = write_half
"""
    assert killed_training(die_writing, tmp_path) == -signal.SIGKILL
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fit_regression(regression(), checkpoint_folder=tmp_path).resumed_epochs == 3
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_disk_that_is_full_is_told_with_the_checkpoint_that_it_refused(tmp_path, monkeypatch):
    def refuse(path: Path, content: bytes) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OSError, match=r"No space left on device: .*last\.ckpt"):
        fit_regression(regression(), checkpoint_folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


# checkpoints that are not what they should be


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip_a_weight(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        largest = max(archive.infolist(), key=lambda info: info.file_size)
    middle = largest.header_offset + 200 + largest.file_size // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def another_modules(content: bytes) -> bytes:
    checkpoint = torch.load(io.BytesIO(content), weights_only=True)
    checkpoint["state_dict"]["network.0.weight"] = torch.zeros(3, 3)
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "damage", [cut, flip_a_weight, another_modules, lambda _: b"", lambda _: b"garbage" * 99]
)
def test_a_damaged_checkpoint_is_ignored_with_a_warning(tmp_path, damage):
    undisturbed = regression()
    fit_regression(undisturbed, checkpoint_folder=tmp_path)
    path = tmp_path / "last.ckpt"
    path.write_bytes(damage(path.read_bytes()))
    module = regression()
    with pytest.warns(UserWarning, match="last.ckpt: checkpoint ignored, training starts afresh"):
        result = fit_regression(module, checkpoint_folder=tmp_path)
    assert result.resumed_epochs == 0
    assert weight_bytes(module) == weight_bytes(undisturbed)


def test_a_malicious_checkpoint_is_ignored_and_never_runs(tmp_path):
    folder, trace = tmp_path / "checkpoints", tmp_path / "trace"
    folder.mkdir()
    torch.save({"state_dict": Malicious(trace)}, folder / "last.ckpt")
    with pytest.warns(UserWarning, match="checkpoint ignored"):
        fit_regression(regression(), checkpoint_folder=folder, max_epochs=1)
    assert not trace.exists()
