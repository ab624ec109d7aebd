"""Sparse products against dense ones."""

import numpy as np
import pytest

from pathway.kernels import SparseProduct


@pytest.mark.parametrize("n_entries", [0, 1, 40])
def test_products_are_those_of_the_dense_matrix(n_entries: int) -> None:
    rng = np.random.default_rng(8)
    rows, columns = np.divmod(rng.choice(7 * 9, n_entries, replace=False), 9)
    sources, numbers = rng.integers(0, 20, n_entries), rng.normal(size=20)
    matrix = np.zeros((7, 9))
    matrix[rows, columns] = numbers[sources]
    product = SparseProduct(rows, columns, sources, 7, 9)
    assert len(product) == n_entries
    dense, out = rng.normal(size=(9, 5)), rng.normal(size=(7, 5))
    expected = out + matrix @ dense
    product.add(numbers, dense, out)
    np.testing.assert_allclose(out, expected, rtol=1e-13, atol=1e-14)
    vector = rng.normal(size=7)
    np.testing.assert_allclose(product.transposed(numbers, vector), matrix.T @ vector, rtol=1e-13, atol=1e-14)


def test_entries_of_one_place_add_up() -> None:
    product = SparseProduct(*np.zeros((3, 2), dtype=int), 1, 1)
    out = np.zeros((1, 1))
    product.add(np.array([2.0]), np.array([[3.0]]), out)
    assert out.item() == 12.0
    assert product.transposed(np.array([2.0]), np.array([3.0])).item() == 12.0
