"""A training lowers the loss, wherever it runs, and shows and leaves behind what it should."""

import contextlib
import logging
import os
import pty
import subprocess
import threading
import warnings

import pytest

from tests.pipelines.training.small_modules import fit_regression, regression
from tests.pipelines.training.training_process import start_training


def test_training_lowers_the_loss_and_tells_each_epochs_metrics():
    rows = []
    result = fit_regression(
        regression(), max_epochs=20, on_epoch=lambda epoch, row: rows.append((epoch, row))
    )
    assert [epoch for epoch, _ in rows] == list(range(1, 21))
    assert [row for _, row in rows] == result.history
    assert list(rows[0][1]) == ["epoch", "learning_rate", "train/loss", "validation/loss"]
    assert result.best_score < 0.5 * result.history[0]["validation/loss"]
    assert not result.stopped_early
    assert result.resumed_epochs == 0


def test_another_precision_trains_too():
    result = fit_regression(regression(), precision="bf16-mixed", max_epochs=20)
    assert result.best_score < 0.7 * result.history[0]["validation/loss"]


def test_training_works_outside_the_main_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(fit_regression(regression())))
    thread.start()
    thread.join()
    assert len(results[0].history) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_epochs": 0}, "max_epochs: 0, at least 1 expected"),
        ({"seed": -1}, "seed: -1, at least 0 expected"),
        ({"patience": 0}, "patience: 0, at least 1 or None expected"),
        ({"device": "tpu"}, "device: 'tpu', on this machine one of auto, cpu"),
        (
            {"monitor": "test/loss"},
            "monitor: 'test/loss', one of epoch, .*validation/loss expected",
        ),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fit_regression(regression(), **options)


# what it shows and leaves behind

BRIEFLY = "fit_regression(regression(), max_epochs=2)"


def test_off_a_terminal_nothing_is_printed_and_no_folder_is_left(tmp_path):
    process = start_training(BRIEFLY, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.communicate() == (b"", b"")
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_a_progress_bar_is_shown(tmp_path):
    ours, theirs = pty.openpty()
    process = start_training(BRIEFLY, cwd=tmp_path, stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    shown = b""
    # the terminal is gone, an error or nothing more, when the process has ended
    with contextlib.suppress(OSError):
        while chunk := os.read(ours, 4096):
            shown += chunk
    os.close(ours)
    assert process.wait() == 0
    assert b"Epoch 1/1" in shown
    assert b"GPU" not in shown


def test_lightnings_loggers_and_the_warning_filters_are_left_as_they_were():
    logger = logging.getLogger("lightning.pytorch")
    before = (logger.level, list(warnings.filters))
    fit_regression(regression(), max_epochs=1)
    assert (logger.level, list(warnings.filters)) == before
