"""Cell lines of one's own: written from a built-in one, and what a file of one says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def write_cell_line_file(file: Path, source: str) -> None:
    """A commented cell line file with the numbers of a built-in line, or one that builds on another file.

    Raises
    ------
    BadInput
        If there is no such line.
    """
    from pathway import parameters
    from pathway.errors import UnknownNameError
    from pathway.folders import write_atomically
    from pathway.parameters.write import cell_line_template, cell_line_text

    from . import BadInput

    if source.endswith(".toml"):
        parent = parameters.cell_line_file(source)
        beside = Path(os.path.relpath(source, file.parent)).as_posix()
        text = cell_line_text({"title": f"{file.stem}, from {parent.title}", "parent": f"./{beside}"}, ())
        text += '\n# What differs: tables as in the parent, or in front of [line]: HER2_level = "0.5 x"\n'
    else:
        try:
            line = parameters.cell_line(source)
        except UnknownNameError as error:
            raise BadInput(f"{error} All cell lines: pathway show cells") from None
        text = cell_line_template(line, file.name, [anchor.parameter for anchor in parameters.anchors()])
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text)


def cell_line_overview(file: Path) -> tuple[list[str], dict[str, Any]]:
    """What a file of a cell line says, as lines of text and for JSON: its own numbers beside those it differs from, and
    what follows from them.

    Raises
    ------
    ParameterError
        If the file is wrong.
    """
    from pathway import parameters
    from pathway.scenario.built_in import open_cell_line

    line = open_cell_line(str(file.resolve()))
    base = parameters.reference_entries() if line.parent is None else open_cell_line(line.parent).entries
    follows = [anchor.parameter for anchor in parameters.anchors_solved_in_line(line)]
    names = [name for name in line.entries if name in line.own or name in follows]
    rows = [("parameter", "value", "unit", "parent" if line.parent else "reference", "source")]
    for name in names:
        entry = line.entries[name]
        source = "found" if name in follows else entry.source
        rows.append((name, f"{entry.value:.6g}", entry.unit, f"{base[name].value:.6g}", source))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(text.ljust(wide) for text, wide in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines = [line.title, *([f"builds on {line.parent}"] if line.parent else [])]
    lines += table if names else ["no numbers of its own"]
    if any(anchor.stated_by == "doubling_time" for anchor in parameters.anchors_solved_in_line(line)):
        lines.append(f"Untreated cells double in {line.values['doubling_time']:g} h.")
    numbers = {n: {"value": line.values[n], "unit": line.entries[n].unit, "found": n in follows} for n in names}
    return lines, {"tables": [], "parent": line.parent, "parameters": numbers}
