"""A table saved as text: its columns, and its rows with their line numbers, whichever program has written it.

Spreadsheets of many countries put semicolons between columns and write 1,5 for 1.5; others put tabs. All are read.
Lines that begin with # are passed over, unless they begin with an error of a spreadsheet such as #N/A.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pathway.errors import InputError
from pathway.files import read_bytes

from .numerals import NumberFormat

DELIMITERS = (",", ";", "\t")
LARGEST_TABLE = 64_000_000
"""Bytes; a table of measurements is typed or exported, and a thousand times smaller."""
_EXCEL_SEPARATOR = re.compile(r'"?sep=(?P<sign>.)"?,*$')
_EXCEL_ERROR = re.compile(r'#(N/A|NA|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!)\s*([,;\t"]|$)')
_SAVE = "save it as 'CSV UTF-8'"


class UnreadableFileError(InputError):
    """A file that is no table of text; `line` is where that shows."""

    def __init__(self, text: str, line: int = 1) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, eq=False)
class TextTable:
    """What stands in a file.

    Attributes
    ----------
    header : tuple of str
        Names of the columns.
    rows : tuple of (int, mapping of name to str)
        Line number and cells; a cell that is missing is not there. Empty rows are left out.
    header_line : int
    mistakes : tuple of (int, str)
        Lines that have more cells than there are columns, columns without a name, numbers whose signs are
        not those of the file.
    delimiter : str
        What stands between columns.
    numerals : NumberFormat
        How numbers are written.
    units : mapping of column to str
        Units that stand in the headings.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    header_line: int
    mistakes: tuple[tuple[int, str], ...]
    delimiter: str = ","
    numerals: NumberFormat = field(default_factory=NumberFormat)
    units: Mapping[str, str] = field(default_factory=dict)


def read_text_table(file: Path) -> TextTable:
    """The table in a file, its cells as they are written.

    Raises
    ------
    UnreadableFileError
        If it is not text, or empty.
    """
    lines = [(n, line) for n, line in enumerate(_text(file).split("\n"), start=1) if line.strip()]
    lines = [(n, line) for n, line in lines if not line.startswith("#") or _EXCEL_ERROR.match(line)]
    if not lines:
        raise UnreadableFileError("this file is empty")
    separator = _EXCEL_SEPARATOR.match(lines[0][1].strip())
    if separator:
        del lines[0]
    if not lines:
        raise UnreadableFileError("this file is empty")
    delimiter = separator["sign"] if separator else max(DELIMITERS, key=lines[0][1].count)
    (header_line, header), *body = _records(lines, delimiter)
    header = [" ".join(name.split()) for name in header]
    named = [k for k, name in enumerate(header) if name]
    rows = tuple((line, {header[k]: cells[k] for k in named if k < len(cells)}) for line, cells in body if any(cells))
    mistakes = tuple(_misfits(header, header_line, body, delimiter))
    return TextTable(tuple(header[k] for k in named), rows, header_line, mistakes, delimiter)


def with_python_numbers(table: TextTable, columns: Sequence[str], decimal: str | None = None) -> TextTable:
    """The table with the numbers of these columns as Python writes them: 1.234,5 becomes 1234.5.

    Parameters
    ----------
    table : TextTable
    columns : sequence of str
        Those that hold numbers, with or without a unit.
    decimal : str, optional
        The decimal sign; worked out from all the numbers of the file unless told.
    """
    written = [(line, name, row[name]) for line, row in table.rows for name in columns if row.get(name)]
    if decimal is None and table.delimiter == ",":
        return table  # there a comma within a number would need quotation marks, and is refused where it is read
    numerals, mistakes = NumberFormat.of(written, decimal)
    if numerals.decimal == "." and not numerals.thousands:
        return replace(table, numerals=numerals, mistakes=(*table.mistakes, *mistakes))
    wanted = set(columns)
    rows = tuple(
        (line, {name: numerals.plain(cell) if name in wanted else cell for name, cell in row.items()})
        for line, row in table.rows
    )
    return replace(table, rows=rows, numerals=numerals, mistakes=(*table.mistakes, *mistakes))


def _text(file: Path) -> str:
    try:
        content = read_bytes(file, LARGEST_TABLE)
    except InputError as error:
        raise UnreadableFileError(str(error)) from None
    if content.startswith(b"PK\x03\x04"):
        raise UnreadableFileError(f"this is a workbook, not text; {_SAVE}")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFileError(f"not UTF-8 text (it is UTF-16); {_SAVE}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"not UTF-8 text; {_SAVE}", content[: error.start].count(b"\n") + 1) from None
    if "\0" in text:
        raise UnreadableFileError("not text: it has null characters", text[: text.index("\0")].count("\n") + 1)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _records(lines: Sequence[tuple[int, str]], delimiter: str) -> list[tuple[int, list[str]]]:
    """Line number and cells of every row.

    A row ends with its line: a quotation mark that nobody closes would otherwise swallow the rows that follow.
    """
    records: list[tuple[int, list[str]]] = []
    reader = csv.reader((f"{line}\n" for _, line in lines), delimiter=delimiter, strict=True)
    used = 0
    try:
        for cells in reader:
            if records and any("\n" in cell for cell in cells):
                raise UnreadableFileError(
                    "a cell goes on over the end of the line; a quotation mark is missing", lines[used][0]
                )
            records.append((lines[used][0], [cell.strip() for cell in cells]))
            used = reader.line_num
    except csv.Error as error:
        fault = "a quotation mark is missing" if "quot" in str(error) or "unexpected end" in str(error) else str(error)
        fault = re.sub(r"field larger than field limit \((\d+)\)", r"a cell has more than \1 characters", fault)
        fault = fault.replace(f"'{delimiter}' expected after '\"'", "a quotation mark stands within a cell")
        raise UnreadableFileError(fault, lines[min(used, len(lines) - 1)][0]) from None
    return records


def _misfits(
    header: Sequence[str], header_line: int, body: Sequence[tuple[int, Sequence[str]]], delimiter: str
) -> Iterator[tuple[int, str]]:
    for k, name in enumerate(header):
        if not name and any(k < len(cells) and cells[k] for _, cells in body):
            yield header_line, f"column {k + 1} has no name"
    for line, cells in body:
        if any(cells[len(header) :]):
            hint = "; the decimal sign is a dot" if delimiter == "," else ""
            yield line, f"{len(cells)} cells under {len(header)} columns{hint}"
