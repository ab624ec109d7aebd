"""Both forms of the sparse linear algebra against dense solves, on random patterns with algebraic rows."""

from __future__ import annotations

import ctypes
import re
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pathway.kernels import SingularStructureError, linear, looped, machine
from pathway.kernels.assembly import LaneTypes, llvm_declarations
from pathway.kernels.layout import FactorLayout
from pathway.kernels.ordering import elimination_order, match_rows_to_columns


def random_layout(size: int, density: float, algebraic: int, seed: int) -> tuple[FactorLayout, np.ndarray, np.ndarray]:
    """A pattern, its rows and columns; the first `algebraic` rows carry no shift and no diagonal."""
    random = np.random.default_rng(seed)
    full = random.random((size, size)) < density
    for row in range(algebraic):
        full[row] = False
        # An algebraic equation that its own species does not enter: two of them exchange places.
        full[row, (row + 1) % algebraic if algebraic > 1 else 0] = True
        full[row, algebraic:] = random.random(size - algebraic) < density
    rows, columns = np.nonzero(full)
    shifted = frozenset(range(algebraic, size))
    pattern = [({row} if row in shifted else set()) | set(columns[rows == row].tolist()) for row in range(size)]
    places = {pair: k for k, pair in enumerate(zip(rows.tolist(), columns.tolist(), strict=True))}
    return FactorLayout(elimination_order(pattern), places, shifted), rows, columns


def loaded(lanes: LaneTypes, *texts: str) -> machine.LoadedCode:
    """One module each, since tables of the same name belong to one kernel."""
    names = [re.search(r"^define void @(\w+)", text, re.MULTILINE)[1] for text in texts]
    return machine.LoadedCode(
        [machine.object_code("\n".join([*llvm_declarations(lanes), text])) for text in texts], names
    )


def call(code: machine.LoadedCode, name: str, *arrays: np.ndarray) -> None:
    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(arrays))
    kind(code.address(name))(*(a.ctypes.data for a in arrays))


@pytest.mark.parametrize("module", [linear, looped], ids=["written out", "looped"])
@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize(("size", "density", "algebraic"), [(1, 1.0, 0), (8, 0.4, 3), (40, 0.1, 2), (90, 0.04, 0)])
def test_solves_and_products(module: ModuleType, width: int, size: int, density: float, algebraic: int) -> None:
    check_solves_and_products(module, width, size, density, algebraic)


@pytest.mark.parametrize("width", [1, 4])
def test_solves_and_products_with_a_full_block(width: int) -> None:
    layout = check_solves_and_products(looped, width, 150, 0.04, 3)
    assert 32 <= layout.elimination.full < 150


def check_solves_and_products(
    module: ModuleType, width: int, size: int, density: float, algebraic: int
) -> FactorLayout:
    layout, rows, columns = random_layout(size, density, algebraic, seed=size)
    lanes = LaneTypes(width)
    code = loaded(
        lanes,
        module.factor(layout, lanes),
        module.solve(layout, lanes, shared=False),
        module.solve(layout, lanes, shared=True),
        module.solve_transposed(layout, lanes),
        module.multiply("multiply", rows, columns, size, lanes, shared=False, add=False),
        module.multiply("pull", columns, rows, size, lanes, shared=False, add=True),
        module.multiply("add_shared", rows, columns, size, lanes, shared=True, add=True),
    )
    random = np.random.default_rng(7)
    entries = random.normal(size=(len(rows), width)) + np.where(rows < algebraic, 3.0, 0.0)[:, None]
    shift = random.uniform(5.0, 30.0, width)
    factors, worst = np.empty((layout.elimination.entries, width)), np.empty(width)
    call(code, "factor", entries, shift, factors, worst)
    right = random.normal(size=(size, width))
    solution, product, total = right.copy(), np.full((size, width), np.nan), right.copy()
    call(code, "solve", factors, solution)
    call(code, "multiply", entries, right, product)
    back, pulled = right.copy(), right.copy()
    call(code, "solve_transposed", factors, back)
    call(code, "pull", entries, right, pulled)
    mass = np.diag([1.0 if i in layout.shifted else 0.0 for i in range(size)])
    for lane in range(width):
        dense = np.zeros((size, size))
        dense[rows, columns] = entries[:, lane]
        expected = np.linalg.solve(shift[lane] * mass - dense, right[:, lane])
        np.testing.assert_allclose(solution[:, lane], expected, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(product[:, lane], dense @ right[:, lane], rtol=1e-12, atol=1e-12)
        expected = np.linalg.solve((shift[lane] * mass - dense).T, right[:, lane])
        np.testing.assert_allclose(back[:, lane], expected, rtol=1e-8, atol=1e-10)
        expected = right[:, lane] + dense.T @ right[:, lane]
        np.testing.assert_allclose(pulled[:, lane], expected, rtol=1e-12, atol=1e-12)
    dense = np.zeros((size, size))
    dense[rows, columns] = entries[:, 0]
    shared, matrix = right.copy(), np.ascontiguousarray(entries[:, 0])
    call(code, "solve_shared", np.ascontiguousarray(factors[:, 0]), shared)
    np.testing.assert_allclose(shared, np.linalg.solve(shift[0] * mass - dense, right), rtol=1e-8, atol=1e-10)
    call(code, "add_shared", matrix, right, total)
    np.testing.assert_allclose(total, right + dense @ right, rtol=1e-12, atol=1e-12)
    return layout


@pytest.mark.parametrize("algebraic", [0, 5])
def test_a_full_block_gives_the_same_bits_at_every_width(algebraic: int) -> None:
    layout, rows, _ = random_layout(120, 0.05, algebraic, seed=3)
    assert layout.elimination.full >= 32
    random = np.random.default_rng(4)
    entries, right = random.normal(size=(len(rows), 8)), random.normal(size=(layout.size, 8))
    shift = random.uniform(10.0, 30.0, 8)
    results = []
    for width in (1, 2, 8):
        lanes = LaneTypes(width)
        code = loaded(lanes, looped.factor(layout, lanes), looped.solve(layout, lanes, shared=False))
        parts = []
        for first in range(0, 8, width):
            part = slice(first, first + width)
            factors, worst = np.empty((layout.elimination.entries, width)), np.empty(width)
            own = (np.ascontiguousarray(a[..., part]) for a in (entries, shift))
            call(code, "factor", *own, factors, worst)
            solution = np.ascontiguousarray(right[:, part])
            call(code, "solve", factors, solution)
            parts.append(np.vstack([factors, worst, solution]))
        results.append(np.hstack(parts))
    assert np.isfinite(results[0]).all()
    np.testing.assert_array_equal(results[1], results[0])
    np.testing.assert_array_equal(results[2], results[0])


@pytest.mark.parametrize("size", [30, 120])
def test_the_entries_are_those_of_the_elimination_and_those_of_the_full_block(size: int) -> None:
    layout, rows, columns = random_layout(size, 0.05, 0, seed=3)
    order = layout.elimination
    filled = np.eye(size, dtype=bool)
    filled[rows, columns] = True
    filled = filled[np.ix_(order.row_order, order.column_order)]
    for k in range(size):
        filled[k + 1 :, k + 1 :] |= np.outer(filled[k + 1 :, k], filled[k, k + 1 :])
    filled[layout.first_full :, layout.first_full :] = True
    for k in range(size):
        entries = [*order.lower[k], k, *order.upper[k]]
        assert entries == np.flatnonzero(filled[k]).tolist()
    assert order.full % 4 == 0 and (order.full == 0) == (size == 30)


@pytest.mark.parametrize("width", [1, 4])
def test_both_forms_make_the_same_factors(width: int) -> None:
    layout, rows, _ = random_layout(30, 0.15, 2, seed=5)
    entries = np.random.default_rng(1).normal(size=(len(rows), width))
    shift = np.linspace(3.0, 9.0, width)
    results = []
    for module in (linear, looped):
        factors, worst = np.empty((layout.elimination.entries, width)), np.empty(width)
        call(
            loaded(LaneTypes(width), module.factor(layout, LaneTypes(width))), "factor", entries, shift, factors, worst
        )
        results.append(np.vstack([factors, worst]))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("module", [linear, looped], ids=["written out", "looped"])
def test_a_vanishing_pivot_shows(module: ModuleType) -> None:
    pattern = [{0, 1}, {0, 1}]
    layout = FactorLayout(elimination_order(pattern), {(0, 0): 0, (0, 1): 1, (1, 0): 2, (1, 1): 3}, frozenset({0, 1}))
    code = loaded(LaneTypes(4), module.factor(layout, LaneTypes(4)))
    # Lane by lane: healthy; first pivot 2 - 2; nearly so; not a number.
    entries = np.array([[-1.0, 2.0, 2.0 - 1e-13, np.nan], [1.0] * 4, [1.0] * 4, [-1.0] * 4])
    factors, worst = np.empty((4, 4)), np.empty(4)
    call(code, "factor", entries, np.full(4, 2.0), factors, worst)
    assert worst[0] >= 1.0
    assert not np.any(worst[1:] > 1e-10)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 12), st.floats(0.1, 0.6), st.integers(0, 10**6))
def test_matching_gives_every_row_a_column_of_its_own(size: int, density: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    hidden = random.permutation(size)
    full = random.random((size, size)) < density
    full[np.arange(size), hidden] = True
    pattern = [set(np.nonzero(row)[0].tolist()) for row in full]
    columns = match_rows_to_columns(pattern)
    assert sorted(columns) == list(range(size))
    assert all(column in pattern[row] for row, column in enumerate(columns))


def test_rows_without_columns_of_their_own_are_named() -> None:
    with pytest.raises(SingularStructureError) as caught:
        elimination_order([{0}, {2}, {2}])
    assert caught.value.rows in ((1,), (2,))


def test_the_order_of_an_arrow_makes_no_fill() -> None:
    """Row and column 0 full, otherwise diagonal: eliminated from the tip every entry would fill in."""
    size = 20
    pattern = [set(range(size)), *({0, k} for k in range(1, size))]
    assert elimination_order(pattern).entries == 3 * size - 2
