"""A stopped training resumes from its checkpoint bit for bit, and leaves signals to the caller."""

import errno
import io
import os
import signal
import sys
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
    scores = [3.0, 1.0, 2.0, 2.0, 2.0]
    for _ in range(2):
        module, result = fit_scripted(scores, patience=2, checkpoint_folder=tmp_path)
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


def test_a_full_disk_is_reported_with_the_name_of_the_checkpoint(tmp_path, monkeypatch):
    def refuse(path: Path, content: bytes) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OSError, match=r"No space left on device: .*last\.ckpt"):
        fit_regression(regression(), checkpoint_folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


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
    with pytest.warns(
        UserWarning, match="last.ckpt: checkpoint ignored, training starts from scratch"
    ):
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


@pytest.fixture
def handlers():
    """The signal handlers, put back after the test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    # whoever runs the tests in the background may have Ctrl-C ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield before | {signal.SIGINT: signal.default_int_handler}
    for number, handler in before.items():
        signal.signal(number, handler)


class Killed(BaseException):
    pass


def test_ctrl_c_raises_keyboard_interrupt_and_leaves_the_handlers_as_they_were(handlers):
    def interrupt(epoch: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit_regression(regression(act=interrupt))
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def test_what_the_callers_signal_handler_raises_comes_through_at_once(handlers):
    def handle(number, frame):
        raise Killed

    steps = []

    def terminate(epoch: int) -> None:
        steps.append("before")
        os.kill(os.getpid(), signal.SIGTERM)
        steps.append("after")

    signal.signal(signal.SIGTERM, handle)
    with pytest.raises(Killed):
        fit_regression(regression(act=terminate))
    assert steps == ["before"]
    assert signal.getsignal(signal.SIGTERM) is handle


def test_a_callers_system_exit_keeps_its_status():
    def leave(epoch: int) -> None:
        sys.exit(143)

    with pytest.raises(SystemExit) as caught:
        fit_regression(regression(act=leave))
    assert caught.value.code == 143


def test_sigterm_without_a_handler_ends_the_process_as_it_does_anywhere(tmp_path):
    terminate = "act = lambda epoch: os.kill(os.getpid(), signal.SIGTERM)"
    assert killed_training(terminate, tmp_path) == -signal.SIGTERM
