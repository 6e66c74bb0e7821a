"""Batches hold every row once, in order or in one that their generator alone decides."""

import pytest
import torch

from pipelines.training import TensorBatches


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
