"""Sobol's sequence, scrambled: the very points of `scipy.stats.qmc.Sobol`, without a half second for `scipy.stats`.

Sobol 1967 with the direction numbers of Joe & Kuo 2008, doi 10.1137/070709359; scrambled by random lower triangular
matrices and a digital shift (Matousek 1998, doi 10.1006/jcom.1998.0489).
"""

from __future__ import annotations

import numpy as np

_BITS = 30
_JOE_KUO = """
    3 1, 7 1 3, 11 1 3 1, 13 1 1 1, 19 1 1 3 3, 25 1 3 5 13, 37 1 1 5 5 17, 41 1 1 5 5 5, 47 1 1 7 11 19,
    55 1 1 5 1 1, 59 1 1 1 3 11, 61 1 3 5 5 31, 67 1 3 3 9 7 49, 91 1 1 1 15 21 21, 97 1 3 1 13 27 49,
    103 1 1 1 15 7 5, 109 1 3 1 15 13 25, 115 1 1 5 5 19 61, 131 1 3 7 11 23 15 103, 137 1 3 7 13 13 15 69,
    143 1 1 3 13 7 35 63, 145 1 3 5 9 1 25 53, 157 1 3 1 13 9 35 107, 167 1 3 1 5 27 61 31, 171 1 1 5 11 19 41 61,
    185 1 3 5 3 3 13 69, 191 1 1 7 13 1 19 1, 193 1 3 7 5 13 19 59, 203 1 1 3 9 25 29 41, 211 1 3 5 13 23 1 55,
    213 1 3 7 3 13 59 17
"""
"""From the second dimension on: a primitive polynomial by its coefficients as bits, and the numbers that begin."""
MOST = 1 + _JOE_KUO.count(",") + 1
"""Dimensions."""


def sobol_points(dimension: int, power: int, rng: np.random.Generator) -> np.ndarray:
    """2^power points in the unit cube, shape (2^power, dimension).

    Parameters
    ----------
    dimension : int
        At most `MOST`; of more, the library is loaded.
    power : int
    rng : Generator
        Of the scrambling; the points follow from its seed.
    """
    if dimension > MOST:
        from scipy.stats import qmc

        return np.asarray(qmc.Sobol(dimension, rng=rng).random_base2(power))
    (rng,) = rng.spawn(1)
    low_first = np.arange(_BITS)
    shift = _random_bits(rng, (dimension, _BITS)) @ (1 << low_first)
    lower = np.tril(_random_bits(rng, (dimension, _BITS, _BITS)))
    lower[:, low_first, low_first] = 1
    bits = (_directions(dimension)[:, :, None] >> low_first[::-1]) & 1
    scrambled = (np.einsum("dpk,djk->djp", lower, bits) % 2) @ (1 << low_first[::-1])
    # Each point differs from the one before by the direction of the lowest bit that is set in its number.
    numbers = np.arange(1, 2**power)
    lowest = np.log2(numbers & -numbers).astype(int)
    steps = np.concatenate([shift[None], scrambled.T[lowest]])
    return np.asarray(np.bitwise_xor.accumulate(steps, axis=0) * 2.0**-_BITS)


def _random_bits(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(0, 2, size=shape, dtype=np.uint32).astype(np.int64)


def _directions(dimension: int) -> np.ndarray:
    """Direction numbers, shape (dimension, _BITS), as whole numbers of 2^-_BITS."""
    rows = [[1] * _BITS]
    for entry in _JOE_KUO.split(",")[: dimension - 1]:
        polynomial, *numbers = map(int, entry.split())
        degree = len(numbers)
        for j in range(degree, _BITS):
            number = numbers[j - degree]
            for k in range(degree):
                if polynomial >> (degree - 1 - k) & 1:
                    number ^= numbers[j - k - 1] << (k + 1)
            numbers.append(number)
        rows.append(numbers)
    return np.array(rows) << np.arange(_BITS)[::-1]
