"""Parameter sets to run an analysis with: the chosen numbers, draws from their ranges, or draws of a fit."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pathway.scenario.ensembles import is_ensemble_word, open_parameter_sets
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.sampled_cell_lines import ParameterSets, SampledCellLines, parameter_sets_from_ranges

from .dose_response import json_number
from .mistakes import AnalysisError, unknown_name_error

Progress = Callable[[str, int, int], None]
KINDS = ("none", "calibrated", "prior", "ranges", "posterior")
RANGES = ("prior", "ranges")
"""Both words stand for draws from the plausible ranges."""
DRAWS_FILE = "draws.csv"
"""The file that is taken where a folder is named."""


@dataclass(frozen=True, eq=False)
class ParameterDraws:
    """Parameter sets of cell lines, aligned: row k of every line belongs to the same draw.

    Attributes
    ----------
    kind : str
        "chosen" (no draws beside the numbers as they stand), "prior", "calibrated", "posterior", or a file of
        parameter sets.
    count : int
    of_line : callable (name, folder) -> array, shape (count, n_parameters)
    refusals : callable -> int
        Draws that gave no living cell and were replaced by later ones.
    names : tuple of str
        Parameters that a posterior holds.
    left_out : tuple of str
        Columns of a posterior that are no parameters of the circuit: scales and errors of its measurements.
    digest : str
        Hash of the file of parameter sets; "" of other draws.
    """

    kind: str
    count: int
    of_line: Callable[[str, Path], np.ndarray]
    refusals: Callable[[], int] = lambda: 0
    names: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    digest: str = ""

    @property
    def origin(self) -> str:
        """Where they are from, in words: "from the plausible ranges"; nothing of the chosen numbers."""
        words = {"chosen": "", "prior": "from the plausible ranges", "posterior": "of the posterior"}
        return words.get(self.kind, f"of the ensemble ({self.kind})")

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        digest = {"hash": self.digest} if self.digest else {}
        return {"kind": self.kind, "draws": self.count, "refused": self.refusals(), **digest}


def draws_from_option(
    laboratory: Laboratory,
    lines: tuple[str, ...],
    folder: Path,
    kind: str,
    *,
    count: int = 200,
    seed: int = 1,
    posterior: str = "",
    progress: Progress | None = None,
) -> ParameterDraws:
    """Draws by the word that options use: "none", "calibrated", "prior" (or "ranges"), "posterior", or a file.

    Parameters
    ----------
    laboratory : Laboratory
    lines : tuple of str
        Cell lines that will be asked for.
    folder : Path
        Of the scenario: where files of cell lines lie, and from where `posterior` is looked for.
    kind : str
    count, seed : int
    posterior : str
        File of draws, or the folder with it.
    progress : callable, optional

    Raises
    ------
    AnalysisError
        If the word is none of these, or a posterior is asked for without a file.
    ParameterError
        If there is no such file of parameter sets, or it cannot be used.
    """
    if kind == "none":
        return draws_of_chosen_values(laboratory)
    if kind in RANGES:
        return draws_from_ranges(laboratory, lines, folder, count, seed, progress)
    if is_ensemble_word(kind):
        return draws_from_ensemble(
            laboratory, lines, folder, open_parameter_sets(laboratory.model, kind, count=None), count, progress
        )
    if kind != "posterior":
        raise unknown_name_error("ensemble", kind, KINDS, "Or a file of parameter sets (.npz)")
    if not posterior:
        raise AnalysisError(
            "--ensemble posterior needs the draws of a fit: pathway sample FILE --fit DIR --out DRAWS, then "
            "--posterior DRAWS"
        )
    # What is typed is meant from where one stands, what the scenario says from where the scenario is.
    place = Path(posterior)
    return draws_from_table(laboratory, place if place.exists() else folder / posterior, count)


def draws_of_chosen_values(laboratory: Laboratory) -> ParameterDraws:
    """The numbers as they stand."""
    return ParameterDraws("chosen", 0, lambda name, folder: laboratory.parameters_of(name, folder)[None][:0])


@dataclass
class _Living:
    """Members that live in every line asked for; drawn when the first line is asked for: by then the question has been
    checked.

    `more` gives parameter sets number `done` and on, and none when there are no more; `again` says that those alive may
    then stand for the others.
    """

    laboratory: Laboratory
    lines: tuple[str, ...]
    folder: Path
    count: int
    more: Callable[[int, int], ParameterSets]
    progress: Progress | None
    again: bool = False
    tried: int = 0

    @cached_property
    def batches(self) -> list[tuple[SampledCellLines, np.ndarray]]:
        """Cells, and which of their members count."""
        batches: list[tuple[SampledCellLines, np.ndarray]] = []
        living = 0
        while living < self.count:
            sets = self.more(self.tried, self.count - living)
            if not len(sets):
                break
            cells = SampledCellLines(self.laboratory, sets)
            alive = np.logical_and.reduce([cells.line(name, self.folder).alive for name in self.lines])
            batches.append((cells, np.flatnonzero(alive)))
            living, self.tried = living + int(alive.sum()), self.tried + len(sets)
            if self.progress:
                self.progress("draws", living, self.count)
        if living < self.count and (living < 2 or not self.again):
            raise AnalysisError("most draws give no living cell; narrow the ranges")
        if living < self.count:
            # A file has no more members: those alive stand for the others, too.
            cells, members = batches[-1]
            batches[-1] = cells, np.resize(members, self.count)
        return batches

    def refusals(self) -> int:
        return self.tried - sum(len(np.unique(members)) for _, members in self.batches)

    def of_line(self, name: str, folder: Path) -> np.ndarray:
        return np.concatenate([cells.line(name, folder).parameters[members] for cells, members in self.batches])


def draws_from_ranges(
    laboratory: Laboratory,
    lines: tuple[str, ...],
    folder: Path,
    count: int,
    seed: int = 1,
    progress: Progress | None = None,
) -> ParameterDraws:
    """Draws from the parameters' plausible ranges, anchored anew in every parental line, made when first asked for.

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
        If fewer than two are wanted; when they are asked for, if most give no living cell.
    """
    if count < 2:
        raise AnalysisError(f"an ensemble needs at least 2 draws, not {count}")

    def more(done: int, wanted: int) -> ParameterSets:
        numbers = range(done, min(done + wanted, 20 * count))
        return parameter_sets_from_ranges(laboratory.model, seed, numbers)

    source = _Living(laboratory, lines, folder, count, more, progress)
    return ParameterDraws("prior", count, source.of_line, source.refusals)


def draws_from_ensemble(
    laboratory: Laboratory,
    lines: tuple[str, ...],
    folder: Path,
    sets: ParameterSets,
    count: int,
    progress: Progress | None = None,
) -> ParameterDraws:
    """Members of an ensemble of parameter sets, as often as their weights say.

    Parameters
    ----------
    laboratory : Laboratory
    lines : tuple of str
        Every line that will be asked for; a member that is not alive in one of them is left out.
    folder : Path
        Where files of cell lines lie.
    sets : ParameterSets
    count : int
        How many.
    progress : callable (what, done, of), optional
    """
    if count < 2:
        raise AnalysisError(f"an ensemble needs at least 2 draws, not {count}")

    def more(done: int, wanted: int) -> ParameterSets:
        return sets.repeated(count) if done == 0 else sets.repeated(0)

    source = _Living(laboratory, lines, folder, count, more, progress, again=True)
    return ParameterDraws(sets.origin.kind, count, source.of_line, source.refusals, digest=sets.origin.digest)


def draws_from_table(laboratory: Laboratory, file: Path, count: int | None = None) -> ParameterDraws:
    """Draws of a fit: a CSV file with one column for each parameter that was fitted, one row for each draw.

    The other parameters keep the values of the line, and so does one that is 0 in a line: what only resistant cells
    have is not given to their parents.

    Parameters
    ----------
    laboratory : Laboratory
    file : Path
        Or a folder with `DRAWS_FILE`. Columns that begin with "_" (chain, log posterior) are skipped; columns that are
        no parameters of the circuit (scales and errors of measurements) are left out and named.
    count : int, optional
        So many rows, evenly spaced; all unless given.

    Raises
    ------
    AnalysisError
        If no column is a parameter, or a value no number.
    """
    columns, left_out = _read_columns(file / DRAWS_FILE if file.is_dir() else file, laboratory)
    total = len(next(iter(columns.values())))
    chosen = np.arange(total) if count is None or count >= total else np.linspace(0, total - 1, count).astype(int)

    def of_line(name: str, folder: Path) -> np.ndarray:
        rows = np.tile(laboratory.parameters_of(name, folder), (len(chosen), 1))
        for column, values in columns.items():
            place = laboratory.model.parameter_index(column)
            if rows[0, place] != 0.0:
                rows[:, place] = values[chosen]
        return rows

    return ParameterDraws("posterior", len(chosen), of_line, names=tuple(columns), left_out=left_out)


def _read_columns(file: Path, laboratory: Laboratory) -> tuple[Mapping[str, np.ndarray], tuple[str, ...]]:
    """Columns that are parameters, and the names of those that are not."""
    if not file.is_file():
        raise AnalysisError(f"{file}: no such file of draws")
    with file.open(newline="", encoding="utf-8") as stream:
        header, *rows = list(csv.reader(stream)) or [[]]
    if len(rows) < 2:
        raise AnalysisError(f"{file}: expected a header and at least two draws")
    known = laboratory.model.parameters
    named = [name for name in header if not name.startswith("_")]
    columns: dict[str, np.ndarray] = {}
    for name in named:
        if name in known:
            try:
                columns[name] = np.array([float(row[header.index(name)]) for row in rows])
            except (ValueError, IndexError):
                raise AnalysisError(f"{file}: column '{name}' holds something that is no number") from None
            if not np.isfinite(columns[name]).all():
                raise AnalysisError(f"{file}: column '{name}' holds something that is no number")
    if not columns:
        raise unknown_name_error("parameter", named[0] if named else "", known, f"({file}: no column is one)")
    return columns, tuple(name for name in named if name not in known)


@dataclass(frozen=True)
class DrawInterval:
    """The chosen numbers' value beside the middle 95 % and the median of what draws give; None without draws.

    The value need not lie between the ends: a posterior is another set of numbers than the cell line's.
    """

    value: float
    low: float | None = None
    high: float | None = None
    median: float | None = None

    def text(self, form: str = ".3g") -> str:
        """ "0.1 to 0.4, median 0.2"; nothing without draws."""
        if self.low is None or self.high is None or self.median is None:
            return ""
        return f"{self.low:{form}} to {self.high:{form}}, median {self.median:{form}}"

    def ends(self, before: str = "") -> dict[str, float | None]:
        """The JSON form of what the draws give."""
        return {f"{before}low": self.low, f"{before}high": self.high, f"{before}median": self.median}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; what is infinite is the text "inf"."""
        return {name: json_number(number) for name, number in self.__dict__.items()}


def draw_interval(values: np.ndarray) -> DrawInterval:
    """Of values whose first belongs to the chosen numbers and the others to draws; nan are left out of the draws."""
    values = np.asarray(values, dtype=float)
    drawn = values[1:][~np.isnan(values[1:])]
    if len(drawn) < 2:
        return DrawInterval(float(values[0]))
    low, high, median = np.quantile(drawn, [0.025, 0.975, 0.5], method="inverted_cdf")
    return DrawInterval(float(values[0]), float(low), float(high), float(median))
