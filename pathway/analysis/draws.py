"""Parameter sets to run an analysis with: the chosen numbers, draws from their ranges, or draws of a fit."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pathway.scenario.laboratory import Laboratory

from .mistakes import AnalysisError, unknown

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Draws:
    """Parameter sets of cell lines, aligned: row k of every line belongs to the same draw.

    Attributes
    ----------
    kind : str
        "chosen" (no draws beside the numbers as they stand), "ranges" or "posterior".
    count : int
    of_line : callable (name, folder) -> array, shape (count, n_parameters)
    refused : int
        Draws that gave no living cell and were replaced by later ones.
    """

    kind: str
    count: int
    of_line: Callable[[str, Path], np.ndarray]
    refused: int = 0


def chosen(laboratory: Laboratory) -> Draws:
    """The numbers as they stand."""
    return Draws("chosen", 0, lambda name, folder: laboratory.parameters_of(name, folder)[None][:0])


@dataclass
class _FromRanges:
    laboratory: Laboratory
    seed: int
    numbers: list[int] = field(default_factory=list)
    made: dict[str, dict[int, np.ndarray]] = field(default_factory=dict)

    def row(self, name: str, folder: Path, number: int) -> np.ndarray:
        from pathway.scenario.prior import drawn_laboratory

        rows = self.made.setdefault(name, {})
        if number not in rows:
            rows[number] = drawn_laboratory(self.laboratory, self.seed, number).parameters_of(name, folder)
        return rows[number]

    def of_line(self, name: str, folder: Path) -> np.ndarray:
        return np.stack([self.row(name, folder, number) for number in self.numbers])


def from_ranges(
    laboratory: Laboratory,
    lines: tuple[str, ...],
    folder: Path,
    count: int,
    seed: int = 1,
    progress: Progress | None = None,
) -> Draws:
    """Draws from the parameters' plausible ranges, anchored anew in every parental line.

    Parameters
    ----------
    laboratory : Laboratory
    lines : tuple of str
        Every line that will be asked for; a draw that fails in one of them is replaced.
    folder : Path
        Where files of cell lines lie.
    count, seed : int
    progress : callable (what, done, of), optional

    Raises
    ------
    AnalysisError
        If most draws give no living cell.
    """
    from pathway.scenario.prior import DrawFailure

    if count < 2:
        raise AnalysisError(f"an ensemble needs at least 2 draws, not {count}")
    source = _FromRanges(laboratory, seed)
    number = 0
    while len(source.numbers) < count:
        if number > 20 * count:
            raise AnalysisError("most draws from the ranges give no living cell; narrow the ranges")
        try:
            for line in lines:
                source.row(line, folder, number)
            source.numbers.append(number)
        except DrawFailure:
            pass
        number += 1
        if progress:
            progress("draws", len(source.numbers), count)
    return Draws("ranges", count, source.of_line, number - count)


def from_table(laboratory: Laboratory, file: Path, count: int | None = None) -> Draws:
    """Draws of a fit: a CSV file with one column for each parameter that was fitted, one row for each draw.

    The other parameters keep the values of the line. Columns that begin with "_" (chain, log posterior) are skipped.

    Raises
    ------
    AnalysisError
        If a column is no parameter, or a value no number.
    """
    columns = _read_columns(file, laboratory)
    total = len(next(iter(columns.values())))
    kept = np.arange(total) if count is None or count >= total else np.linspace(0, total - 1, count).astype(int)

    def of_line(name: str, folder: Path) -> np.ndarray:
        rows = np.tile(laboratory.parameters_of(name, folder), (len(kept), 1))
        for column, values in columns.items():
            rows[:, laboratory.model.parameter_index(column)] = values[kept]
        return rows

    return Draws("posterior", len(kept), of_line)


def _read_columns(file: Path, laboratory: Laboratory) -> Mapping[str, np.ndarray]:
    if not file.is_file():
        raise AnalysisError(f"{file}: no such file of draws")
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    if len(rows) < 3:
        raise AnalysisError(f"{file}: expected a header and at least two draws")
    found: dict[str, np.ndarray] = {}
    for index, name in enumerate(rows[0]):
        if name.startswith("_"):
            continue
        if name not in laboratory.model.parameters:
            raise unknown("parameter", name, laboratory.model.parameters, f"({file}, column {index + 1})")
        try:
            found[name] = np.array([float(row[index]) for row in rows[1:]])
        except (ValueError, IndexError):
            raise AnalysisError(f"{file}: column '{name}' holds something that is no number") from None
    if not found:
        raise AnalysisError(f"{file}: no column is the name of a parameter")
    return found


@dataclass(frozen=True)
class Interval:
    """The chosen numbers' value with the middle 95 % of what the draws give; without draws the ends are None."""

    value: float
    low: float | None = None
    high: float | None = None


def interval(values: np.ndarray) -> Interval:
    """Of values whose first belongs to the chosen numbers and the others to draws; nan are left out of the draws."""
    values = np.asarray(values, dtype=float)
    drawn = values[1:][~np.isnan(values[1:])]
    if len(drawn) < 2:
        return Interval(float(values[0]))
    low, high = np.quantile(drawn, [0.025, 0.975], method="inverted_cdf")
    return Interval(float(values[0]), float(low), float(high))
