"""A training lowers the loss, stops in time, ends with its best epoch, and is reproducible."""

import logging
import subprocess
import threading
import warnings

import pytest
import torch

from pipelines.training import DivergenceError, TensorBatches
from tests.pipelines.terminal import run_on_a_terminal
from tests.pipelines.training.small_modules import (
    fit_regression,
    fit_scripted,
    regression,
    regression_batches,
    weight_bytes,
)
from tests.pipelines.training.training_process import PREPARATION, start_training


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_training_lowers_the_loss_and_reports_the_metrics_of_each_epoch(precision):
    rows = []
    options = {"precision": precision, "on_epoch": lambda *row: rows.append(row)}
    result = fit_regression(regression(), max_epochs=20, **options)
    assert [epoch for epoch, _ in rows] == list(range(1, 21))
    assert [row for _, row in rows] == result.history
    assert list(rows[0][1]) == ["epoch", "learning_rate", "train/loss", "validation/loss"]
    assert result.best_score < 0.5 * result.history[0]["validation/loss"]
    assert not result.stopped_early
    assert result.resumed_epochs == 0


def test_training_works_outside_the_main_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(fit_regression(regression())))
    thread.start()
    thread.join()
    assert len(results[0].history) == 6


BRIEFLY = "fit_regression(regression(), max_epochs=2)"


def test_off_a_terminal_nothing_is_printed_and_no_folder_is_left(tmp_path):
    process = start_training(BRIEFLY, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.communicate() == (b"", b"")
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_a_progress_bar_is_shown(tmp_path):
    status, shown = run_on_a_terminal(PREPARATION + BRIEFLY, tmp_path)
    assert status == 0
    assert "Epoch 1/1" in shown
    assert "GPU" not in shown


def test_lightnings_loggers_and_the_warning_filters_are_left_as_they_were():
    logger = logging.getLogger("lightning.pytorch")
    before = (logger.level, list(warnings.filters))
    fit_regression(regression(), max_epochs=1)
    assert (logger.level, list(warnings.filters)) == before


def test_the_module_ends_in_evaluation_mode_with_the_weights_of_its_best_epoch():
    module = regression()
    result = fit_regression(module, max_epochs=8)
    assert not module.training
    losses = [row["validation/loss"] for row in result.history]
    assert result.best_score == min(losses)
    assert result.best_epoch == losses.index(min(losses)) + 1
    _, validation = regression_batches()
    with torch.no_grad():
        assert float(module.loss(next(iter(validation)))) == result.best_score


@pytest.mark.parametrize(
    ("mode", "patience", "epochs", "best"),
    [("min", 2, 4, 2), ("min", 4, 8, 6), ("max", 1, 2, 1), ("max", 3, 6, 3), ("min", None, 8, 6)],
)
def test_training_stops_once_patience_is_out_and_takes_the_best_epoch(mode, patience, epochs, best):
    scores = [3.0, 2.0, 4.0, 3.0, 3.0, 1.0, 1.0, 1.0]
    module, result = fit_scripted(scores, mode=mode, patience=patience)
    assert (len(result.history), result.best_epoch) == (epochs, best)
    assert result.best_score == scores[best - 1]
    assert result.stopped_early == (epochs < len(scores))
    assert module.weight.item() == best


def test_the_seed_alone_decides_the_outcome_and_the_callers_generator_is_left_alone():
    outcomes = []
    for seed in (3, 3, 4):
        torch.manual_seed(len(outcomes))
        before = torch.get_rng_state()
        module = regression()
        fit_regression(module, seed=seed)
        assert torch.equal(torch.get_rng_state(), before)
        outcomes.append(weight_bytes(module))
    assert outcomes[0] == outcomes[1] != outcomes[2]


def test_a_loss_that_is_not_finite_stops_the_training_and_keeps_the_last_checkpoint(tmp_path):
    module = regression()

    def poison(epoch: int) -> None:
        if epoch == 3:
            module.network[0].weight.data.fill_(torch.nan)

    module.act = poison
    with pytest.raises(DivergenceError, match="training diverged in epoch 3: train/loss nan"):
        fit_regression(module, checkpoint_folder=tmp_path)
    assert fit_regression(regression(), checkpoint_folder=tmp_path).resumed_epochs == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_epochs": 0}, "max_epochs: 0, at least 1 expected"),
        ({"seed": -1}, "seed: -1, at least 0 expected"),
        ({"patience": 0}, "patience: 0, at least 1 or None expected"),
        ({"device": "tpu"}, "device: 'tpu', on this machine one of auto, cpu"),
        ({"monitor": "test/loss"}, "monitor: 'test/loss', one of epoch, .*/loss expected"),
    ],
)
def test_impossible_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fit_regression(regression(), **options)


def test_a_scheduler_that_a_checkpoint_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="ReduceLROnPlateau"):
        fit_regression(regression(schedule="plateau"))


def test_batches_in_order_are_the_tensors_cut_up():
    rows = torch.arange(10)
    batches = TensorBatches(rows, rows * 2, batch_size=4)
    assert [first.tolist() for first, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert all(torch.equal(second, first * 2) for first, second in batches)
    assert len(batches) == len(list(batches)) == 3


def test_shuffled_batches_hold_every_row_once_in_an_order_of_their_generator():
    rows = torch.arange(1000)
    batches = TensorBatches(rows, -rows, batch_size=64, shuffle=True)
    orders = [torch.cat([first for first, _ in batches]) for _ in range(2)]
    assert not torch.equal(*orders)
    assert all(torch.equal(order.sort().values, rows) for order in orders)
    assert all(torch.equal(second, -first) for first, second in batches)
    orders = []
    for seed in (7, 7, 8):
        batches.generator.manual_seed(seed)
        torch.manual_seed(seed + len(orders))
        orders.append(torch.cat([first for first, _ in batches]).tolist())
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize(
    ("lengths", "batch_size", "message"),
    [
        ((3, 4), 2, r"tensors: lengths \[3, 4\], equal and positive"),
        ((0, 0), 2, r"tensors: lengths \[0, 0\]"),
        ((), 2, r"tensors: lengths \[\]"),
        ((3, 3), 0, "batch_size: 0, at least 1 expected"),
    ],
)
def test_impossible_batches_are_refused(lengths, batch_size, message):
    with pytest.raises(ValueError, match=message):
        TensorBatches(*(torch.zeros(length) for length in lengths), batch_size=batch_size)
