"""Which line of a TOML file a key stands on. The standard reader keeps values only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

KeyPath = tuple[str | int, ...]

_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_HEADER = re.compile(r"\s*(\[\[?)([^\]]+)\]")


def key_lines(text: str) -> dict[KeyPath, int]:
    """Line (from 1) of every table header and key, by its path: ("dose", "t", "amount"), ("arm", 1, "name").

    The text must already have been accepted by a TOML reader: this one only follows its lines.
    """
    lines: dict[KeyPath, int] = {(): 1}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    depth, quote = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if depth == 0 and not quote:
            header = _HEADER.match(line)
            if header:
                table = _table(header.group(2), header.group(1) == "[[", counts)
                _note(lines, table, number)
                continue
            key = _KEY.match(line)
            if key:
                path = (*table, *_parts(key.group(1)))
                _note(lines, path, number)
                _note_inline(lines, path, line[key.end() :], number)
                line = line[key.end() :]
        depth, quote = _after(line, depth, quote)
    return lines


def line_of(path: Sequence[str | int], lines: Mapping[KeyPath, int]) -> int:
    """Line of a path, or of the nearest table around it."""
    path = tuple(path)
    while path not in lines:
        path = path[:-1]
    return lines[path]


def _note(lines: dict[KeyPath, int], path: KeyPath, number: int) -> None:
    for length in range(1, len(path) + 1):
        lines.setdefault(path[:length], number)


def _note_inline(lines: dict[KeyPath, int], path: KeyPath, rest: str, number: int) -> None:
    """Keys of an inline table stand on the line of the table."""
    if rest.lstrip().startswith("{"):
        for part in re.findall(r"[{,]\s*([A-Za-z0-9_-]+)\s*=", rest):
            lines.setdefault((*path, part), number)


def _parts(text: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in _PART.findall(text))


def _table(text: str, is_list: bool, counts: dict[KeyPath, int]) -> KeyPath:
    path: KeyPath = ()
    parts = _parts(text)
    for index, part in enumerate(parts):
        path = (*path, part)
        last = index == len(parts) - 1
        if last and is_list:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _after(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Depth of open brackets and the open multi-line quote after this line."""
    position = 0
    while position < len(line):
        if quote:
            end = line.find(quote, position)
            if end < 0:
                return depth, quote
            position, quote = end + 3, ""
        elif line.startswith(('"""', "'''"), position):
            quote, position = line[position : position + 3], position + 3
        elif line[position] in "\"'":
            position = _end_of_string(line, position)
        elif line[position] == "#":
            break
        else:
            depth += (line[position] in "[{") - (line[position] in "]}")
            position += 1
    return depth, quote


def _end_of_string(line: str, start: int) -> int:
    mark, position = line[start], start + 1
    while position < len(line) and line[position] != mark:
        position += 2 if line[position] == "\\" and mark == '"' else 1
    return position + 1
