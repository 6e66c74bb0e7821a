import contextlib
import io
import logging
import os
import pty
import signal
import subprocess
import sys
import threading
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from pipelines.training import DivergenceError, TensorBatches, TrainingResult, fit


class Regression(LightningModule):
    """A small module with everything that must survive a kill: dropout, batch norm, a schedule."""

    def __init__(self, *, schedule: str = "step", act=lambda epoch: None) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1)
        )
        self.schedule = schedule
        self.act = act

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        features, targets = batch
        return nn.functional.mse_loss(self.network(features).squeeze(1), targets)

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        if batch_idx == 2:
            self.act(self.current_epoch + 1)
        loss = self.loss((batch[0] + 0.1 * torch.randn_like(batch[0]), batch[1]))
        self.log("train/loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        self.log("validation/loss", self.loss(batch))

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=0.02)
        steps = self.trainer.estimated_stepping_batches
        schedulers = torch.optim.lr_scheduler
        scheduler = {
            "step": lambda: schedulers.OneCycleLR(optimizer, 0.02, total_steps=steps),
            "epoch": lambda: schedulers.StepLR(optimizer, step_size=2, gamma=0.5),
            "plateau": lambda: schedulers.ReduceLROnPlateau(optimizer),
        }[self.schedule]()
        return {
            "optimizer": optimizer,
            "lr_scheduler": {
                "scheduler": scheduler,
                "interval": "step" if self.schedule == "step" else "epoch",
                "monitor": "validation/loss",
            },
        }


class Scripted(LightningModule):
    """A module of one weight, the epoch's number, whose validation scores are given."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.scores = scores

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        return -self.weight.sum()

    def validation_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        self.log("validation/score", self.scores[self.current_epoch])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1.0)


def regression(**options) -> Regression:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Regression(**options)


def regression_batches() -> tuple[TensorBatches, TensorBatches]:
    features = torch.randn(150, 4, generator=torch.Generator().manual_seed(1))
    targets = features[:, 0] * features[:, 1] + features[:, 2]
    return (
        TensorBatches(features[:100], targets[:100], batch_size=16, shuffle=True),
        TensorBatches(features[100:], targets[100:], batch_size=50),
    )


def fit_regression(module: Regression, **options) -> TrainingResult:
    options = {"max_epochs": 6, "seed": 3, "device": "cpu"} | options
    return fit(module, *regression_batches(), **options)


def fit_scripted(scores: list[float], **options) -> tuple[Scripted, TrainingResult]:
    module = Scripted(scores)
    batches = TensorBatches(torch.zeros(1), batch_size=1)
    options = {"max_epochs": len(scores), "monitor": "validation/score"} | options
    return module, fit(module, batches, batches, seed=0, device="cpu", **options)


def weight_bytes(module: nn.Module) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in module.state_dict().values())


# batches


def test_batches_in_order_are_the_tensors_cut_up():
    rows = torch.arange(10)
    batches = TensorBatches(rows, rows * 2, batch_size=4)
    assert [first.tolist() for first, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert all(torch.equal(second, first * 2) for first, second in batches)
    assert len(batches) == len(list(batches)) == 3


def test_shuffled_batches_hold_every_row_once_with_its_companions_anew_each_time():
    rows = torch.arange(1000)
    batches = TensorBatches(rows, -rows, batch_size=64, shuffle=True)
    orders = [torch.cat([first for first, _ in batches]) for _ in range(2)]
    assert not torch.equal(*orders)
    assert all(torch.equal(order.sort().values, rows) for order in orders)
    assert all(torch.equal(second, -first) for first, second in batches)


def test_the_generator_alone_decides_the_order():
    batches = TensorBatches(torch.arange(100), batch_size=100, shuffle=True)
    orders = []
    for seed in (7, 7, 8):
        batches.generator.manual_seed(seed)
        torch.manual_seed(seed + 100)
        orders.append(next(iter(batches))[0].tolist())
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
def test_batches_that_make_no_sense_are_refused(lengths, batch_size, message):
    with pytest.raises(ValueError, match=message):
        TensorBatches(*(torch.zeros(length) for length in lengths), batch_size=batch_size)


# what a training does


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


def test_another_precision_trains_too():
    result = fit_regression(regression(), precision="bf16-mixed", max_epochs=20)
    assert result.best_score < 0.7 * result.history[0]["validation/loss"]


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


def test_a_scheduler_that_a_checkpoint_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="ReduceLROnPlateau"):
        fit_regression(regression(schedule="plateau"))


# checkpoints


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


KILLED = """
import os, signal, sys, threading, time, torch
torch.set_num_threads(1)
sys.path.insert(0, {folder!r})
from pathlib import Path
from test_training import fit_regression, regression
{preparation}
fit_regression(regression(act=act), checkpoint_folder=Path({checkpoints!r}), max_epochs=60)
"""


def run_script(preparation: str, checkpoints: Path) -> subprocess.CompletedProcess[str]:
    script = KILLED.format(
        folder=str(Path(__file__).parent), preparation=preparation, checkpoints=str(checkpoints)
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


def test_a_training_killed_at_any_moment_resumes_and_ends_bit_for_bit_the_same(tmp_path):
    undisturbed = regression()
    fit_regression(undisturbed, max_epochs=60)
    kill_later = """
def act(epoch):
    if epoch == 5:
        die = lambda: (time.sleep(0.1), os.kill(os.getpid(), signal.SIGKILL))
        threading.Thread(target=die, daemon=True).start()
"""
    assert run_script(kill_later, tmp_path).returncode == -signal.SIGKILL
    resumed = regression()
    result = fit_regression(resumed, checkpoint_folder=tmp_path, max_epochs=60)
    assert 4 <= result.resumed_epochs < 60
    assert weight_bytes(resumed) == weight_bytes(undisturbed)


def test_a_kill_in_the_middle_of_writing_a_checkpoint_leaves_the_one_before(tmp_path):
    die_writing = """
save, act = torch.save, lambda epoch: None
def save_half(checkpoint, path):
    if checkpoint["epoch"] == 3:
        save(checkpoint, path)
        os.truncate(path, os.path.getsize(path) // 2)
        os.kill(os.getpid(), signal.SIGKILL)
    save(checkpoint, path)
torch.save = save_half
"""
    assert run_script(die_writing, tmp_path).returncode == -signal.SIGKILL
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fit_regression(regression(), checkpoint_folder=tmp_path).resumed_epochs == 3
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]


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


class Malicious:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_a_malicious_checkpoint_is_ignored_and_never_runs(tmp_path):
    folder, trace = tmp_path / "checkpoints", tmp_path / "trace"
    folder.mkdir()
    torch.save({"state_dict": Malicious(trace)}, folder / "last.ckpt")
    with pytest.warns(UserWarning, match="checkpoint ignored"):
        fit_regression(regression(), checkpoint_folder=folder, max_epochs=1)
    assert not trace.exists()


# what can go wrong


def test_a_loss_that_is_not_finite_stops_the_training_by_name_and_keeps_the_last_good_checkpoint(
    tmp_path,
):
    module = regression()

    def poison(epoch: int) -> None:
        if epoch == 3:
            module.network[0].weight.data.fill_(torch.nan)

    module.act = poison
    with pytest.raises(DivergenceError, match="training diverged in epoch 3: train/loss nan"):
        fit_regression(module, checkpoint_folder=tmp_path)
    assert fit_regression(regression(), checkpoint_folder=tmp_path).resumed_epochs == 2


@pytest.fixture
def handlers():
    """The signal handlers, put back after the test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield before
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
    ended = run_script("act = lambda epoch: os.kill(os.getpid(), signal.SIGTERM)", tmp_path)
    assert ended.returncode == -signal.SIGTERM


def test_training_works_outside_the_main_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(fit_regression(regression())))
    thread.start()
    thread.join()
    assert len(results[0].history) == 6


# what it says and leaves behind


def start_elsewhere(folder: Path, **streams) -> subprocess.Popen[bytes]:
    script = f"""
import sys, torch
torch.set_num_threads(1)
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_training import fit_regression, regression
fit_regression(regression(), max_epochs=2)
"""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", script], cwd=folder, env=environment, **streams)


def test_off_a_terminal_nothing_is_printed_and_no_folder_is_left(tmp_path):
    process = start_elsewhere(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.communicate() == (b"", b"")
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_a_progress_bar_is_shown(tmp_path):
    ours, theirs = pty.openpty()
    process = start_elsewhere(tmp_path, stdout=theirs, stderr=theirs, stdin=theirs)
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
