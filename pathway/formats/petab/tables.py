"""PEtab's tab-separated tables and YAML file, with the line of every row kept for messages."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pathway.expressions import Expression, FormulaError
from pathway.fitting.problem import Parameter, ProblemError

from .formulas import read_formula

NOTHING = ("NaN", "nan", "NAN", "-NaN", "-nan", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NULL", "null", "None")
"""What the petab library, too, reads as an empty cell."""


@dataclass(frozen=True)
class Row:
    """One line of a table; a cell that is empty or absent reads as ""."""

    place: str
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """The cell, stripped; "" where it is empty, absent or one of `NOTHING`."""
        cell = (self.cells.get(column) or "").strip()
        return "" if cell in NOTHING else cell

    def number(self, column: str, default: float | None = None) -> float:
        """The cell as a number; `default` where it is empty."""
        cell = self.text(column)
        if not cell and default is not None:
            return default
        try:
            return float(cell)
        except ValueError:
            raise ProblemError([f"{self.place}: {column} is '{cell}'; expected a number"]) from None

    def formula(self, column: str) -> Expression:
        """The cell as a formula."""
        return self.read(self.text(column), column)

    def read(self, text: str, column: str) -> Expression:
        """A text out of this row as a formula; a mistake names the row."""
        try:
            return read_formula(text)
        except FormulaError as mistake:
            raise ProblemError([f"{self.place}: {column}: {mistake}"]) from None

    def formulas(self, column: str) -> list[Expression]:
        """The cell as formulas separated by semicolons."""
        cell = self.text(column)
        return [self.read(part, column) for part in cell.split(";")] if cell else []


def read_table(folder: Path, name: str, required: tuple[str, ...]) -> list[Row]:
    """The rows of one table.

    Raises
    ------
    ProblemError
        If the file cannot be read or a required column is missing.
    """
    path = folder / name
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ProblemError([f"{path}: there is no such file"]) from None
    except (OSError, UnicodeDecodeError) as reason:
        raise ProblemError([f"{path}: cannot be read: {reason}"]) from None
    if not text.strip():
        raise ProblemError([f"{path}: this file is empty"])
    lines = text.splitlines()
    reader = csv.reader(lines, delimiter="\t")
    header = [cell.strip() for cell in next(reader, [])]
    missing = [column for column in required if column not in header]
    if missing:
        hint = "; columns are separated by tabs" if len(header) == 1 else ""
        raise ProblemError([f"{path}:1: column {', '.join(missing)} is missing; found {', '.join(header)}{hint}"])
    rows = []
    for cells in reader:
        if any(cell.strip() for cell in cells):
            rows.append(Row(f"{path}:{reader.line_num}", dict(zip(header, cells, strict=False))))
    return rows


def read_tables(folder: Path, names: Any, required: tuple[str, ...]) -> list[Row]:
    """The rows of several tables, one after the other."""
    listed = [names] if isinstance(names, str) else list(names or [])
    wrong = [name for name in listed if not isinstance(name, str)]
    if wrong:
        raise ProblemError([f"{folder}: '{wrong[0]}' stands where the name of a table is due"])
    return [row for name in listed for row in read_table(folder, name, required)]


Made = TypeVar("Made")


def each(rows: Iterable[Row], make: Callable[[Row], Made], mistakes: list[str], name: str = "") -> tuple[Made, ...]:
    """What each row says; the mistakes of all rows together, also that a name stands twice.

    Parameters
    ----------
    rows : iterable of Row
    make : callable
        Of a row; raises ProblemError.
    mistakes : list of str
        Where they are added.
    name : str
        The column whose entries may stand only once, if there is one.
    """
    made: list[Made] = []
    seen: dict[str, str] = {}
    for row in rows:
        try:
            made.append(make(row))
        except ProblemError as error:
            mistakes += error.mistakes
        first = seen.setdefault(row.text(name), row.place) if name else row.place
        if first != row.place:
            mistakes.append(f"{row.place}: {name} '{row.text(name)}' stands at {first} already")
    return tuple(made)


def checked(row: Row, parameter: Parameter) -> Parameter:
    """The parameter, if its bounds and value go together; a value beyond a bound by rounding alone is moved there.

    Raises
    ------
    ProblemError
    """
    p, where = parameter, f"{row.place}: parameter '{parameter.name}'"
    if not p.estimated:
        return p
    if p.lower > p.upper:
        raise ProblemError([f"{where} has lower bound {p.lower:g} above upper bound {p.upper:g}"])
    if p.scale != "linear" and p.lower < 0.0:
        raise ProblemError([f"{where} has lower bound {p.lower:g} on a logarithmic scale; expected a positive number"])
    inside = min(max(p.value, p.lower), p.upper)
    if abs(inside - p.value) > _ROUNDING * abs(inside):
        raise ProblemError([f"{where} has value {p.value:g} outside its bounds {p.lower:g} to {p.upper:g}"])
    return replace(p, value=inside) if math.isfinite(p.value) else p


_ROUNDING = 1e-3


def read_yaml(path: Path) -> Mapping[str, Any]:
    """The file that lists all others."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProblemError([f"{path}: there is no such file"]) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as reason:
        raise ProblemError([f"{path}: cannot be read: {' '.join(str(reason).split())}"]) from None
    if not isinstance(content, dict) or "format_version" not in content:
        raise ProblemError([f"{path}: format_version is missing; expected a PEtab problem file"])
    return content


def require(content: Any, keys: tuple[str, ...], path: Path) -> None:
    """See that the YAML file lists these tables."""
    missing = [key for key in keys if not content.get(key)]
    if missing:
        raise ProblemError([f"{path}: {', '.join(missing)} is missing"])
