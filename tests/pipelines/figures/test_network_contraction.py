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


def check_against_einsum(subscripts, lengths, dtype="float64"):
    """Compare with `np.einsum`, and return the number of products."""
    rng = np.random.default_rng(0)
    terms = subscripts.replace("->", ",").split(",")
    first, second, out = (
        rng.normal(size=[lengths[letter] for letter in term]).astype(dtype) for term in terms
    )
    expected = 0.5 * out + 2.0 * np.einsum(subscripts, first, second, optimize=True)
    operations = contraction(subscripts, first, second, out=out, scale=2.0, keep=0.5)
    for operation in operations:
        operation()
    tolerance = {"float32": 1e-5, "float64": 1e-11}[dtype]
    np.testing.assert_allclose(out, expected, rtol=tolerance, atol=tolerance)
    return len(operations)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("subscripts", SUBSCRIPTS)
def test_a_contraction_equals_einsum_with_axes_of_length_one_too(subscripts, dtype):
    for letter in ("", *LENGTHS):
        check_against_einsum(subscripts, LENGTHS | {letter: 1}, dtype)


@pytest.mark.parametrize("subscripts", ["ni,oi->no", "no,ni->oi", "no,oi->ni"])
@pytest.mark.parametrize("batch", [48, 49, 256, 300])
def test_long_and_narrow_products_are_the_same_in_pieces(subscripts, batch):
    pieces = check_against_einsum(subscripts, {"n": batch, "i": 900, "o": 20})
    assert pieces == -(-batch // 48)


def test_a_contraction_reads_its_operands_when_called_and_never_an_output_that_it_does_not_keep():
    x, weights, z = np.zeros((2, 3)), np.ones((4, 3)), np.full((2, 4), np.nan)
    (product,) = contraction("ni,oi->no", x, weights, out=z)
    x[:] = [[1, 2, 3], [4, 5, 6]]
    product()
    np.testing.assert_array_equal(z, [[6] * 4, [15] * 4])


@pytest.mark.parametrize(
    "subscripts",
    ["ni,io", "n,n->", "ni,ni->n", "nio,io->n", "ni,oj->no", "NI,IO->NO", "nn,i->i", "ni,ni->oo"],
)
def test_other_subscripts_are_refused(subscripts):
    with pytest.raises(ValueError, match="subscripts="):
        contraction(subscripts, np.ones((2, 2)), np.ones((2, 2)), out=np.ones((2, 2)))


SQUARE = np.ones((2, 2))


@pytest.mark.parametrize(
    ("first", "second", "out", "message"),
    [
        (np.ones((2, 3)), np.ones((4, 4)), np.ones((2, 4)), "shapes"),
        (np.ones((2, 3)), np.ones((3, 4)), np.ones(8), "shapes"),
        (np.ones((2, 3), "f4"), np.ones((3, 4)), np.ones((2, 4)), "float32"),
        (np.ones((2, 3), int), np.ones((3, 4), int), np.ones((2, 4), int), "int64"),
        (np.ones((3, 2)).T, np.ones((3, 4)), np.ones((2, 4)), "C-contiguous"),
        (np.ones((2, 3)), np.ones((3, 4)), np.ones((4, 2)).T, "C-contiguous"),
        (SQUARE, np.ones((2, 2)), SQUARE, "overlap"),
    ],
)
def test_arrays_that_blas_cannot_use_in_place_are_refused(first, second, out, message):
    with pytest.raises(ValueError, match=message):
        contraction("ni,io->no", first, second, out=out)


@pytest.mark.parametrize("count", [1, 8192, 20_001])
def test_a_scaled_sum_changes_the_output_in_place(count):
    rng = np.random.default_rng(0)
    vector, out = rng.normal(size=(2, count)).astype("float32")
    expected = out + np.float32(-0.3) * vector
    for operation in add_scaled(-0.3, vector, out=out):
        operation()
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
