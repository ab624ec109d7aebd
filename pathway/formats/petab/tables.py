"""PEtab's tab-separated tables and YAML file, with the line of every row kept for messages."""

from __future__ import annotations

import csv
import math
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pathway.errors import InputError, PathwayWarning, did_you_mean
from pathway.expressions import Expression, FormulaError
from pathway.files import is_inside_folder, read_bytes
from pathway.fitting.problem import Parameter, ProblemError

from .formulas import read_formula

NOTHING = ("NaN", "nan", "NAN", "-NaN", "-nan", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NULL", "null", "None")
"""What the petab library, too, reads as an empty cell."""


LARGEST_TABLE = 256_000_000
"""Bytes."""
IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class TableRow:
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
        if not cell:
            raise ProblemError([f"{self.place}: {column} is empty; expected a number"])
        try:
            return float(cell if "_" not in cell else "")
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


def read_table(folder: Path, name: str, required: tuple[str, ...]) -> list[TableRow]:
    """The rows of one table.

    Raises
    ------
    ProblemError
        If the file cannot be read, a required column is missing, or two columns have the same name. Nothing of a file
        outside the problem's folder is shown.
    """
    path = folder / name
    try:
        text = read_bytes(path, LARGEST_TABLE).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ProblemError([f"{path}: this file is not UTF-8 text"]) from None
    except InputError as reason:
        raise ProblemError([f"{path}: {reason}"]) from None
    if not text.strip():
        raise ProblemError([f"{path}: this file is empty"])
    try:
        return list(_rows(path, text.replace("\r\n", "\n").replace("\r", "\n"), required))
    except ProblemError as error:
        if is_inside_folder(path, folder):
            raise
        place = error.mistakes[0].removeprefix(str(path)).split(" ")[0]
        raise ProblemError([f"{path}{place} this is no table of a problem (it lies outside the folder)"]) from error


def _rows(path: Path, text: str, required: tuple[str, ...]) -> Iterator[TableRow]:
    """A row ends with its line: a quotation mark that nobody closes would otherwise swallow those that follow."""
    reader = csv.reader((f"{line}\n" for line in text.split("\n")), delimiter="\t", strict=True)
    line = 0
    header: list[str] | None = None
    try:
        for cells in reader:
            first, line = line + 1, reader.line_num
            if any("\n" in cell for cell in cells):
                raise ProblemError(
                    [f"{path}:{first}: a cell goes on over the end of the line; a quotation mark is missing"]
                )
            cells = [cell.strip() for cell in cells]
            if header is None:
                header = cells
                _check_header(path, header, required)
            elif any(cells):
                if any(cells[len(header) :]):
                    raise ProblemError([f"{path}:{first}: {len(cells)} cells under {len(header)} columns"])
                yield TableRow(f"{path}:{first}", dict(zip(header, cells, strict=False)))
    except csv.Error as error:
        message = re.sub(r"field larger than field limit \((\d+)\)", r"a cell has more than \1 characters", str(error))
        message = "a quotation mark is missing" if "unexpected end" in message else message
        raise ProblemError([f"{path}:{line + 1}: {message}"]) from None


def _check_header(path: Path, header: Sequence[str], required: tuple[str, ...]) -> None:
    if missing := [column for column in required if column not in header]:
        hint = "; columns are separated by tabs" if len(header) == 1 else ""
        near = "".join(did_you_mean(column, header) for column in missing)
        given = ", ".join(filter(None, header))
        raise ProblemError(
            [f"{path}:1: column {', '.join(missing)} is missing; found {given}{hint}.{near}".rstrip(".")]
        )
    for column in dict.fromkeys(c for c in header if c and header.count(c) > 1):
        raise ProblemError([f"{path}:1: two columns are called '{column}'"])


def read_tables(
    folder: Path, names: Any, required: tuple[str, ...], mistakes: list[str] | None = None
) -> list[TableRow]:
    """The rows of several tables, one after the other; what is wrong is added to `mistakes`, or raised without it."""
    listed = [names] if isinstance(names, str) else list(names or [])
    rows: list[TableRow] = []
    for name in listed:
        try:
            if not isinstance(name, str):
                raise ProblemError([f"{folder}: '{name}' stands where the name of a table is due"])
            rows += read_table(folder, name, required)
        except ProblemError as error:
            if mistakes is None:
                raise
            mistakes += error.mistakes
    return rows


Entry = TypeVar("Entry")


def each_row(
    rows: Iterable[TableRow], make: Callable[[TableRow], Entry], mistakes: list[str], name: str = ""
) -> tuple[Entry, ...]:
    """What each row says; the mistakes of all rows together, also that a name stands twice.

    Parameters
    ----------
    rows : iterable of TableRow
    make : callable
        Of a row; raises ProblemError.
    mistakes : list of str
        Where they are added.
    name : str
        The column whose entries may stand only once, if there is one.
    """
    entries: list[Entry] = []
    places: dict[str, str] = {}
    for row in rows:
        try:
            if name:
                identifier(row, name)
            entries.append(make(row))
        except ProblemError as error:
            mistakes += error.mistakes
        first = places.setdefault(row.text(name), row.place) if name else row.place
        if first != row.place:
            mistakes.append(f"{row.place}: {name} '{row.text(name)}' stands at {first} already")
    return tuple(entries)


def identifier(row: TableRow, column: str) -> str:
    """The name in a cell.

    Raises
    ------
    ProblemError
        If it is none: names begin with a letter, so that formulas can tell them from numbers.
    """
    name = row.text(column)
    if not IDENTIFIER.fullmatch(name):
        what = f"{column} '{name}' is no identifier" if name else f"{column} is empty"
        raise ProblemError([f"{row.place}: {what}; expected a letter or _, then letters, digits and _"])
    return name


def checked_parameter(row: TableRow, parameter: Parameter) -> Parameter:
    """The parameter, if its bounds go together; a value beyond a bound is moved there, with a warning.

    Raises
    ------
    ProblemError
    """
    p, where = parameter, f"{row.place}: parameter '{parameter.name}'"
    if not p.estimated:
        return p
    for column in ("lowerBound", "upperBound"):
        if not row.text(column):
            raise ProblemError([f"{where} is estimated and has no {column}"])
    if p.lower > p.upper:
        raise ProblemError([f"{where} has lower bound {p.lower:g} above upper bound {p.upper:g}"])
    if p.scale != "linear" and p.lower < 0.0:
        raise ProblemError([f"{where} has lower bound {p.lower:g} on a logarithmic scale; expected a positive number"])
    if math.isnan(p.value):
        return p
    inside = min(max(p.value, p.lower), p.upper)
    if abs(inside - p.value) > _ROUNDING * abs(inside):
        text = f"{where} has value {p.value:g} outside its bounds {p.lower:g} to {p.upper:g}; {inside:g} is taken"
        warnings.warn(text, PathwayWarning, stacklevel=2)
    return replace(p, value=inside)


_ROUNDING = 1e-3


LARGEST_YAML = 1_000_000


def read_yaml(path: Path) -> Mapping[str, Any]:
    """The file that lists all others."""
    import yaml

    try:
        text = read_bytes(path, LARGEST_YAML).decode("utf-8")
        # An alias may stand for ten others, and those for ten each; no problem needs one.
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AliasToken):
                place = f"{path}:{token.start_mark.line + 1}"
                raise ProblemError([f"{place}: aliases (*{token.value}) are not read; write out what they stand for"])
        content = yaml.safe_load(text)
    except UnicodeDecodeError:
        raise ProblemError([f"{path}: this file is not UTF-8 text"]) from None
    except yaml.MarkedYAMLError as reason:
        line = reason.problem_mark.line + 1 if reason.problem_mark else 1
        raise ProblemError([f"{path}:{line}: not YAML: {reason.problem or reason.context}"]) from None
    except (yaml.YAMLError, ValueError) as reason:
        if isinstance(reason, ProblemError):
            raise
        raise ProblemError([f"{path}: {' '.join(str(reason).split())}"]) from None
    except RecursionError:
        raise ProblemError([f"{path}: brackets are nested too deeply"]) from None
    if not isinstance(content, dict) or "format_version" not in content:
        raise ProblemError([f"{path}: format_version is missing; expected a PEtab problem file"])
    return content


def require_tables(content: Any, keys: tuple[str, ...], path: Path) -> None:
    """See that the YAML file lists these tables."""
    if missing := [key for key in keys if not content.get(key)]:
        raise ProblemError([f"{path}: {', '.join(missing)} is missing"])


def check_lists(content: Mapping[str, Any], keys: Iterable[str], path: Path) -> None:
    """See that what stands where names of files are due is a name, or a list of names."""
    for key in keys:
        names = content.get(key)
        if names is not None and not isinstance(names, str) and not _are_names(names):
            raise ProblemError([f"{path}: {key} is {_shown(names)}; expected a list of file names"])


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _shown(value: object) -> str:
    return f"'{str(value)[:40]}'"


def table_or_empty(value: object) -> Mapping[str, Any]:
    """The value if it is a table; an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def problem_files(path: Path) -> dict[str, bytes]:
    """The YAML file of a PEtab problem and every file it names, by their paths from the folder that holds all."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        content = None  # its reader tells
    named = [path.parent / text for text in _texts(content) if len(text) < 500 and "\0" not in text]
    files = [path, *(file for file in dict.fromkeys(named) if file.is_file())]
    root = Path(os.path.commonpath([file.resolve().parent for file in files]))
    return {file.resolve().relative_to(root).as_posix(): file.read_bytes() for file in files if file.is_file()}


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping | list):
        for part in [*content, *content.values()] if isinstance(content, Mapping) else content:
            yield from _texts(part)
