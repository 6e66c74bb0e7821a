"""Contractions against `np.einsum`."""

import numpy as np
import pytest

from pipelines.figures.network.contraction import add_scaled, contraction

LENGTHS = {"n": 5, "i": 7, "o": 3}
SUBSCRIPTS = [
    "ni,oi->no",
    "ni,io->no",
    "in,oi->no",
    "in,io->no",
    "ni,oi->on",
    "in,io->on",
    "no,oi->ni",
    "no,ni->oi",
    "no,n->o",
    "on,n->o",
    "n,no->o",
    "n,on->o",
    "n,o->no",
    "n,o->on",
]


def compute(*arguments, **options):
    for operation in contraction(*arguments, **options):
        operation()


def operands(subscripts, dtype, rng, lengths=LENGTHS):
    terms = subscripts.replace("->", ",").split(",")
    return [rng.normal(size=[lengths[letter] for letter in term]).astype(dtype) for term in terms]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("subscripts", SUBSCRIPTS)
def test_a_contraction_equals_einsum(subscripts, dtype):
    first, second, out = operands(subscripts, dtype, np.random.default_rng(0))
    expected = 0.5 * out + 2.0 * np.einsum(subscripts, first, second)
    compute(subscripts, first, second, out=out, scale=2.0, keep=0.5)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("subscripts", SUBSCRIPTS)
@pytest.mark.parametrize("letter", LENGTHS)
def test_axes_of_length_one_are_no_exception(subscripts, letter):
    first, second, out = operands(
        subscripts, "float64", np.random.default_rng(0), {**LENGTHS, letter: 1}
    )
    compute(subscripts, first, second, out=out)
    np.testing.assert_allclose(out, np.einsum(subscripts, first, second))


@pytest.mark.parametrize("subscripts", ["ni,oi->no", "no,ni->oi", "no,oi->ni"])
@pytest.mark.parametrize("batch", [48, 49, 256, 300])
def test_long_and_narrow_products_are_the_same_in_pieces(subscripts, batch):
    lengths = {"n": batch, "i": 900, "o": 20}
    first, second, out = operands(subscripts, "float64", np.random.default_rng(0), lengths)
    expected = 0.5 * out + 2.0 * np.einsum(subscripts, first, second, optimize=True)
    operations = contraction(subscripts, first, second, out=out, scale=2.0, keep=0.5)
    assert len(operations) == -(-batch // 48)
    for operation in operations:
        operation()
    np.testing.assert_allclose(out, expected, atol=1e-11)


def test_a_contraction_reads_what_its_arrays_hold_when_it_is_called():
    x, weights, z = np.zeros((2, 3)), np.ones((4, 3)), np.zeros((2, 4))
    (product,) = contraction("ni,oi->no", x, weights, out=z)
    x[:] = [[1, 2, 3], [4, 5, 6]]
    product()
    np.testing.assert_array_equal(z, [[6] * 4, [15] * 4])


def test_a_contraction_that_keeps_nothing_does_not_read_the_old_output():
    out = np.full((2, 2), np.nan)
    compute("ni,io->no", np.eye(2), np.ones((2, 2)), out=out)
    np.testing.assert_array_equal(out, np.ones((2, 2)))


@pytest.mark.parametrize(
    "subscripts",
    [
        "ni,io",
        "ni->n",
        "ni,ni->n",
        "ni,ni->ni",
        "nio,io->n",
        "nn,n->n",
        "ni,oj->no",
        "n,n->",
        "NI,IO->NO",
    ],
)
def test_other_subscripts_are_refused(subscripts):
    with pytest.raises(ValueError, match="subscripts="):
        contraction(subscripts, np.ones((2, 2)), np.ones((2, 2)), out=np.ones((2, 2)))


@pytest.mark.parametrize(
    ("first", "second", "out", "message"),
    [
        (np.ones((2, 3)), np.ones((4, 4)), np.ones((2, 4)), "shapes"),
        (np.ones((2, 3)), np.ones((3, 4)), np.ones(8), "shapes"),
        (np.ones((2, 3), "f4"), np.ones((3, 4)), np.ones((2, 4)), "float32"),
        (np.ones((2, 3), int), np.ones((3, 4), int), np.ones((2, 4), int), "int64"),
        (np.ones((3, 2)).T, np.ones((3, 4)), np.ones((2, 4)), "C-contiguous"),
        (np.ones((2, 3)), np.ones((3, 4)), np.ones((4, 2)).T, "C-contiguous"),
    ],
)
def test_arrays_that_blas_would_have_to_copy_are_refused(first, second, out, message):
    with pytest.raises(ValueError, match=message):
        contraction("ni,io->no", first, second, out=out)


def test_an_output_that_is_also_an_operand_is_refused():
    square = np.ones((2, 2))
    with pytest.raises(ValueError, match="overlap"):
        contraction("ni,io->no", square, np.ones((2, 2)), out=square)


@pytest.mark.parametrize("count", [1, 8192, 20_001])
def test_a_scaled_sum_changes_the_output_in_place(count):
    rng = np.random.default_rng(0)
    vector, out = rng.normal(size=(2, count)).astype("float32")
    expected = out + np.float32(-0.3) * vector
    for operation in add_scaled(-0.3, vector, out=out):
        operation()
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
