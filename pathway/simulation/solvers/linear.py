"""Dense Gaussian elimination with row exchange: the fallback when the static order meets a vanishing pivot."""

from __future__ import annotations

import numpy as np

from .compilation import inlined_function


@inlined_function
def solve_dense(kernels, pattern, jacobian, shift, right, matrix):
    """Solve (shift M - J) x = right in place, with one lane; whether that could be done.

    Models too large for a dense matrix, which `lane_storage` then leaves out, can not.
    """
    n = kernels.n_species
    if matrix.shape[0] < n:
        return False
    for row in range(n):
        for k in range(n):
            matrix[row, k] = 0.0
        matrix[row, row] = shift * pattern.mass[row]
    for k in range(kernels.n_jacobian):
        matrix[pattern.rows[k], pattern.columns[k]] -= jacobian[k]
    for column in range(n):
        best, largest = column, 0.0
        for row in range(column, n):
            if abs(matrix[row, column]) > largest:
                best, largest = row, abs(matrix[row, column])
        if largest == 0.0 or not largest < np.inf:
            for k in range(n):
                right[k] = np.nan
            return largest != 0.0
        if best != column:
            for k in range(column, n):
                matrix[column, k], matrix[best, k] = matrix[best, k], matrix[column, k]
            right[column], right[best] = right[best], right[column]
        for row in range(column + 1, n):
            factor = matrix[row, column] / matrix[column, column]
            if factor != 0.0:
                for k in range(column, n):
                    matrix[row, k] -= factor * matrix[column, k]
                right[row] -= factor * right[column]
    for row in range(n - 1, -1, -1):
        for k in range(row + 1, n):
            right[row] -= matrix[row, k] * right[k]
        right[row] /= matrix[row, row]
    return True
