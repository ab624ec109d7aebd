"""Guesses without a model, and scores: what a prediction for a line that was left out has to beat.

Measured numbers are tables: rows are lines, columns conditions (quantity, what was given, time); nan where a line
lacks one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from pathway import parameters

from .data import Datum

LEAST_SPREAD = 0.03
"""No guess is surer than this, on the scale of the data."""

UNCHANGED: Mapping[str, float] = {"log10 fold": 0.0, "relative count": 1.0, "GR": 1.0}
"""A number by its scale (key of `noise.SCALES`) where nothing happens."""

RECEPTORS = ("EGFR_level", "HER2_level", "HER3_level")
"""What `receptor_levels` gives."""


class Table(NamedTuple):
    """Measured numbers by line and condition.

    Attributes
    ----------
    lines : tuple of str
    conditions : tuple of (quantity, label, time)
    values : array, shape (n_lines, n_conditions)
    """

    lines: tuple[str, ...]
    conditions: tuple[tuple[str, str, float], ...]
    values: np.ndarray


class Guess(NamedTuple):
    """Mean and standard deviation for every condition of a left-out line, each shape (n_conditions,)."""

    mean: np.ndarray
    spread: np.ndarray


def table_of(data: Sequence[Datum], name: str, values: Sequence[float] | None = None) -> Table:
    """The data of one set by line and condition; several of one condition are averaged.

    Parameters
    ----------
    data : sequence of Datum
    name : str
    values : sequence of float, optional
        Taken in place of the measured ones, such as predictions.
    """
    numbers = [datum.value for datum in data] if values is None else list(values)
    own = [(d, value) for d, value in zip(data, numbers, strict=True) if d.set == name]
    lines = tuple(dict.fromkeys(d.line for d, _ in own))
    conditions = tuple(dict.fromkeys((d.quantity, d.label, d.time) for d, _ in own))
    total, count = (np.zeros((len(lines), len(conditions))) for _ in range(2))
    for datum, value in own:
        place = lines.index(datum.line), conditions.index((datum.quantity, datum.label, datum.time))
        total[place] += value
        count[place] += 1.0
    with np.errstate(all="ignore"):
        return Table(lines, conditions, total / count)


def no_change(table: Table, line: str) -> Guess:
    """No fold, all logarithms 0; as uncertain as what happens in the other lines is large."""
    others = _others(table, line)
    size = np.sqrt(_mean(others**2))
    return Guess(np.zeros(len(table.conditions)), np.maximum(size, LEAST_SPREAD))


def mean_of_lines(table: Table, line: str) -> Guess:
    """The mean of the other lines, with their spread and what the mean itself is uncertain by."""
    others = _others(table, line)
    mean, n = _mean(others), np.isfinite(others).sum(axis=0)
    squares = np.nansum((others - mean) ** 2, axis=0)
    variance = squares / np.maximum(n - 1, 1) * (1.0 + 1.0 / np.maximum(n, 1))
    return Guess(mean, np.maximum(np.sqrt(variance), LEAST_SPREAD))


def ridge_on_levels(table: Table, line: str, levels: Mapping[str, Sequence[float]], strength: float = 1.0) -> Guess:
    """Ridge regression of each condition on logarithms of receptor levels over the other lines.

    Parameters
    ----------
    table : Table
    line : str
    levels : mapping of line to sequence of float
        Logarithms, as many for each line; standardized over the other lines.
    strength : float
        Of the penalty, for standardized levels; the mean is not shrunk.
    """
    names = [name for name in table.lines if name != line]
    known = np.array([levels[name] for name in names], dtype=float)
    center, scale = known.mean(axis=0), known.std(axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    x, new = (known - center) / scale, (np.asarray(levels[line], dtype=float) - center) / scale
    others = _others(table, line)
    mean, spread = np.full(len(table.conditions), np.nan), np.full(len(table.conditions), np.nan)
    for column in range(len(table.conditions)):
        have = np.isfinite(others[:, column])
        if not have.any():
            continue
        here, y = x[have], others[have, column]
        matrix = here.T @ here + strength * np.eye(here.shape[1])
        weights = np.linalg.solve(matrix, here.T @ (y - y.mean()))
        hat = here @ np.linalg.solve(matrix, here.T) + 1.0 / len(y)
        # Residuals as of a line left out, so that a close fit to few lines does not pass for certainty.
        left = (y - y.mean() - here @ weights) / np.maximum(1.0 - np.diag(hat), 1e-3)
        mean[column] = y.mean() + new @ weights
        spread[column] = max(float(np.sqrt(np.mean(left**2))), LEAST_SPREAD)
    return Guess(mean, spread)


def receptor_levels(line: str) -> list[float]:
    """Receptors of a line, log10 of molecules for each cell."""
    entries = parameters.cell_line(line).entries
    return [float(np.log10(max(entries[name].source_value, 1.0))) for name in RECEPTORS]


def _others(table: Table, line: str) -> np.ndarray:
    if line not in table.lines:
        raise ValueError(f"no line '{line}' in the table; there are {', '.join(table.lines)}")
    return table.values[[name != line for name in table.lines]]


def _mean(values: np.ndarray) -> np.ndarray:
    """Over lines that have a number; nan where none has."""
    n = np.isfinite(values).sum(axis=0)
    return np.where(n > 0, np.nansum(values, axis=0) / np.maximum(n, 1), np.nan)


# Scores


def root_mean_square_error(guess: np.ndarray, measured: np.ndarray) -> float:
    """Over what both have; nan where there is nothing."""
    difference = np.asarray(guess, dtype=float) - np.asarray(measured, dtype=float)
    return float(np.sqrt(np.nanmean(difference**2))) if difference.size else float("nan")


def log_score(guess: Guess, measured: np.ndarray) -> float:
    """Mean logarithm of a normal density at what was measured; higher is better."""
    return float(np.nanmean(norm.logpdf(measured, guess.mean, guess.spread)))


def score_of_other_lines(data: Sequence[Datum], places: Sequence[int]) -> tuple[float, int]:
    """What mean and spread of the other lines say of some data.

    Parameters
    ----------
    data : sequence of Datum
        All.
    places : sequence of int
        Of those that are judged.

    Returns
    -------
    (float, int)
        Sum of log densities of those of which two other lines have the same reading, and how many these are.
    """
    total, compared = 0.0, 0
    for k in places:
        datum = data[k]
        reading = (datum.set, datum.label, datum.quantity, datum.time)
        others = [d.value for d in data if (d.set, d.label, d.quantity, d.time) == reading and d.line != datum.line]
        if len(others) < 2:
            continue
        spread = np.hypot(np.std(others, ddof=1) * np.sqrt(1 + 1 / len(others)), datum.error)
        total += float(norm.logpdf(datum.value, np.mean(others), spread))
        compared += 1
    return total, compared


def coverage(low: np.ndarray, high: np.ndarray, measured: np.ndarray) -> float:
    """Share of measured numbers inside their intervals."""
    known = np.isfinite(measured)
    return float(np.mean((measured >= low)[known] & (measured <= high)[known]))
