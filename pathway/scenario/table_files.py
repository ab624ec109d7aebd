"""A table saved as text: its columns, and its rows with their line numbers, whichever program has written it.

Spreadsheets of many countries put semicolons between columns and write 1,5 for 1.5; others put tabs. All are read.
Lines that begin with # are passed over.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DELIMITERS = (",", ";", "\t")
_EXCEL_SEPARATOR = re.compile(r'"?sep=(?P<sign>.)"?,*$')
_DECIMAL_COMMA = re.compile(r"(?P<whole>[<>]?\s*[-+]?\d*),(?P<part>\d+(?:[eE][-+]?\d+)?(?:\s*[^\d\s,;].*)?)$")
_SAVE = "save it as 'CSV UTF-8'"


class UnreadableFile(ValueError):
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
        Lines that have more cells than there are columns, and columns without a name.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    header_line: int
    mistakes: tuple[tuple[int, str], ...]


def read_text_table(file: Path) -> TextTable:
    """The table in a file.

    Raises
    ------
    UnreadableFile
        If it is not text, or empty.
    """
    numbered = [(n, line) for n, line in enumerate(_text(file).splitlines(), start=1) if not line.startswith("#")]
    kept = [(n, line) for n, line in numbered if line.strip()]
    if not kept:
        raise UnreadableFile("this file is empty")
    said = _EXCEL_SEPARATOR.match(kept[0][1])
    if said:
        del kept[0]
    delimiter = said["sign"] if said else max(DELIMITERS, key=kept[0][1].count)
    reader = csv.reader((line for _, line in kept), delimiter=delimiter)
    lines = [(kept[reader.line_num - 1][0], [cell.strip() for cell in cells]) for cells in reader]
    (header_line, header), *body = lines or [(1, [])]
    named = [k for k, name in enumerate(header) if name]
    rows = []
    for line, cells in body:
        if any(cells):
            texts = [_with_dot(cell) for cell in cells] if delimiter != "," else cells
            rows.append((line, {header[k]: texts[k] for k in named if k < len(texts)}))
    mistakes = tuple(_surplus(header, header_line, body, delimiter))
    return TextTable(tuple(header[k] for k in named), tuple(rows), header_line, mistakes)


def _text(file: Path) -> str:
    content = file.read_bytes()
    if content.startswith(b"PK\x03\x04"):
        raise UnreadableFile(f"this is a workbook, not text; {_SAVE}")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(f"not UTF-8 text (it is UTF-16); {_SAVE}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"not UTF-8 text; {_SAVE}", content[: error.start].count(b"\n") + 1) from None


def _with_dot(cell: str) -> str:
    """A number with its decimal comma as a dot; anything else as it is."""
    found = _DECIMAL_COMMA.match(cell)
    return f"{found['whole']}.{found['part']}" if found else cell


def _surplus(
    header: Sequence[str], header_line: int, body: Sequence[tuple[int, Sequence[str]]], delimiter: str
) -> Iterator[tuple[int, str]]:
    for k, name in enumerate(header):
        if not name and any(k < len(cells) and cells[k] for _, cells in body):
            yield header_line, f"column {k + 1} has no name"
    for line, cells in body:
        if any(cells[len(header) :]):
            hint = "; the decimal sign is a dot" if delimiter == "," else ""
            yield line, f"{len(cells)} cells under {len(header)} columns{hint}"
