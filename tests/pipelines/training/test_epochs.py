"""A training ends with its best epoch, where its seed says, and stops where going on is vain."""

import pytest
import torch

from pipelines.training import DivergenceError
from tests.pipelines.training.small_modules import (
    fit_regression,
    fit_scripted,
    regression,
    regression_batches,
    weight_bytes,
)


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


def test_a_scheduler_that_a_checkpoint_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="ReduceLROnPlateau"):
        fit_regression(regression(schedule="plateau"))


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
