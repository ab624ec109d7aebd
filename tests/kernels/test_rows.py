"""Batches of formulas: many rows and pools by one call, each result from its own pool."""

import numpy as np

from pathway.expressions import number, parse, symbol
from pathway.kernels import FormulaBatch, compile_batches

ROWS = 11  # more than any machine has lanes, and no multiple of them


def test_results_stand_where_the_sheets_say() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 30, (2, ROWS)), rng.integers(0, 30, (1, 3))
    batches = [
        FormulaBatch(("x", "y"), (parse("x * y"), parse("exp(x) - y")), first),
        FormulaBatch((), (number(2.5), number(-1.0)), np.zeros((0, 5), dtype=int)),
        FormulaBatch(("x",), (symbol("x"),), second),
        FormulaBatch(("x",), (symbol("x"),), np.zeros((1, 0), dtype=int)),
    ]
    both, last = compile_batches([batches, batches[2:3]])
    pools = rng.random((4, 30))
    found = both(pools)
    x, y = pools[:, first[0]], pools[:, first[1]]
    np.testing.assert_allclose(found[:, both.places[0]], np.stack([x * y, np.exp(x) - y], 1), rtol=1e-14)
    assert (found[:, both.places[1]] == [[2.5] * 5, [-1.0] * 5]).all()
    assert np.array_equal(found[:, both.places[2]], pools[:, second])
    assert both.places[3].shape == (1, 0)
    assert np.array_equal(last(pools)[:, last.places[0]], pools[:, second])


def test_a_pool_gives_the_same_bits_alone_and_among_others() -> None:
    places = np.arange(2 * ROWS).reshape(2, ROWS)
    (made,) = compile_batches([[FormulaBatch(("x", "y"), (parse("log(1 + x)^y / (1 + exp(-y))"),), places)]])
    pools = np.random.default_rng(5).random((6, 2 * ROWS))
    together = made(pools)
    assert all(np.array_equal(made(pool[None])[0], row) for pool, row in zip(pools, together, strict=True))


def test_nothing_to_read_and_nothing_to_make() -> None:
    (constant,) = compile_batches([[FormulaBatch((), (number(2.5),), np.zeros((0, 1), dtype=int))]])
    assert constant(np.zeros((2, 0)))[:, constant.places[0]].tolist() == [[[2.5]], [[2.5]]]
    (empty,) = compile_batches([[]])
    assert empty(np.zeros((2, 7))).shape == (2, 0)
