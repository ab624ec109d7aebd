"""Sobol and Morris on functions whose indices have closed forms."""

import numpy as np
import pytest

from pathway.analysis.global_sensitivity import ParameterRanges, morris_effects, sobol_indices
from pathway.analysis.mistakes import AnalysisError


def uniform(names, low, high):
    n = len(names)
    return ParameterRanges(tuple(names), np.full(n, low), np.full(n, high), np.zeros(n, dtype=bool))


def test_ishigami():
    # Ishigami and Homma 1990, a = 7, b = 0.1.
    a, b = 7.0, 0.1
    found = sobol_indices(
        lambda x: np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0]),
        uniform("xyz", -np.pi, np.pi),
        base=4096,
        seed=1,
    )
    first, second = 0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8
    mixed = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    variance = first + second + mixed
    exact_first = np.array([first, second, 0.0]) / variance
    exact_total = np.array([first + mixed, second, mixed]) / variance
    assert found.first == pytest.approx(exact_first, abs=0.015)
    assert found.total == pytest.approx(exact_total, abs=0.015)
    assert (np.abs(found.first - exact_first) < 3 * found.first_interval).all()
    assert (np.abs(found.total - exact_total) < 3 * found.total_interval).all()


def test_sobol_g():
    a = np.array([0.0, 1.0, 4.5, 9.0, 99.0])
    found = sobol_indices(
        lambda x: np.prod((np.abs(4 * x - 2) + a) / (1 + a), axis=1), uniform("abcde", 0, 1), 4096, seed=2
    )
    parts = 1 / (3 * (1 + a) ** 2)
    variance = np.prod(1 + parts) - 1
    exact_total = np.array([parts[i] * np.prod(1 + np.delete(parts, i)) for i in range(5)]) / variance
    assert found.first == pytest.approx(parts / variance, abs=0.02)
    assert found.total == pytest.approx(exact_total, abs=0.02)


def test_logarithmic_ranges_and_failed_members():
    ranges = ParameterRanges(("k", "c"), np.array([1e-3, 0.0]), np.array([1e3, 1.0]), np.array([True, False]))

    def function(x):
        reading = np.log10(x[:, 0]) + 2 * x[:, 1]
        reading[5] = np.nan
        return reading

    found = sobol_indices(function, ranges, 1024)
    # Variances 36/12 and 4/12.
    assert found.failed == 1 and found.samples == 1023
    assert found.first == pytest.approx([0.9, 0.1], abs=0.02)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_gives_the_same_intervals(seed):
    first, again = (sobol_indices(lambda x: x[:, 0] * x[:, 1], uniform("xy", 0, 1), 64, seed) for _ in range(2))
    assert first.first_interval.tolist() == again.first_interval.tolist()
    assert first.total_interval.tolist() == again.total_interval.tolist()


def test_morris_of_a_plane_is_exact():
    found = morris_effects(lambda x: 3 * x[:, 0] - 2 * x[:, 1], uniform("xyz", 0, 10), 20)
    assert found.mean == pytest.approx([30, -20, 0], abs=1e-9)
    assert found.mean_absolute == pytest.approx([30, 20, 0], abs=1e-9)
    assert found.spread == pytest.approx([0, 0, 0], abs=1e-9) and found.ranked() == [0, 1, 2]


def test_bad_questions_are_refused_in_words():
    with pytest.raises(AnalysisError, match="power of two"):
        sobol_indices(lambda x: x[:, 0], uniform("x", 0, 1), 1000)
    with pytest.raises(AnalysisError, match="must rise"):
        uniform("x", 1, 1)
    with pytest.raises(AnalysisError, match="same for all samples"):
        sobol_indices(lambda x: np.ones(len(x)), uniform("x", 0, 1), 16)
