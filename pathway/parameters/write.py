"""A cell line as text that `read_line` reads: what it is called, whose differences it starts from, its own numbers."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping

from .lines import CellLine
from .read import Entry


def cell_line_text(about: Mapping[str, str], entries: Iterable[Entry]) -> str:
    """The TOML text of a cell line.

    Parameters
    ----------
    about : mapping
        The table `[line]`: title, parent, note ...
    entries : iterable of Entry
        Its own numbers.
    """
    return "\n\n".join([_about_text(about), *(_entry_text(entry, _plain_range(entry)) for entry in entries)]) + "\n"


_TEMPLATE = """\
# A cell line of your own, with the numbers of {title}.
# Change them, then: pathway check {file}
# In a scenario: cells = "./{file}"; on the command line: --set cells=./{file}
# What is not listed has the number of {base}: pathway show parameters{option}
# {follows}
# range: what is plausible, here in multiples of the value.
# source: "own" for what you measured, "assumed", or a key of pathway show sources.
"""

_FOUND = """\
Not listed either, since they are found: {anchored}.
# They are such that untreated cells double in doubling_time and PTEN is counted in units of its untreated level."""
_PARENTS = """\
PTEN is counted in units of the untreated {parent}, and these cells grow as they then do.
# A doubling_time of their own is kept: untreated, they double in it."""

_ENDING = """
# A receptor below detection, or any other number:
# HER3_level = "0 molecules"               # in front of [line], or as a table like those above

# A resistant version is a file of its own, in three lines:
# line.parent = "./{file}"
# line.title = "{stem}, resistant"
# miR21_extra_transcription = "3.12"
"""


def cell_line_template(line: CellLine, file: str, anchored: Collection[str]) -> str:
    """A commented cell line file to start from, with the numbers of a built-in line.

    Parameters
    ----------
    line : CellLine
    file : str
        What the new file is called.
    anchored : collection of str
        Parameters that follow from the others, which are left out.

    Notes
    -----
    Ranges are multiples of the value, so that they go with it when it is changed.
    """
    head = _TEMPLATE.format(
        title=line.title,
        file=file,
        base=f"{line.parent}" if line.parent else "the reference cell",
        option=f" --cells {line.parent}" if line.parent else "",
        follows=_PARENTS.format(parent=line.parent) if line.parent else _FOUND.format(anchored=" and ".join(anchored)),
    )
    stem = file.removesuffix(".toml")
    about = {"title": f"{stem}, from {line.title}", "parent": line.parent, "genotype": line.genotype}
    blocks = [_about_text({key: text for key, text in about.items() if text})]
    for name in (entry.name for entry in line.entries.values() if entry.name in line.own):
        entry = line.entries[name]
        if not (name in anchored and entry.source == "anchored"):
            blocks.append(_entry_text(entry, _multiples(entry)))
    return head + "\n" + "\n\n".join(blocks) + "\n" + _ENDING.format(file=file, stem=stem)


def _multiples(entry: Entry) -> str:
    """The range as multiples of the value."""
    if entry.value == 0.0:
        return _plain_range(entry)
    low, high = sorted(limit / entry.value for limit in entry.range)
    return f'["{low:.12g} x", "{high:.12g} x"]'


def _plain_range(entry: Entry) -> str:
    return f"[{float(entry.range[0])!r}, {float(entry.range[1])!r}]"


def _about_text(about: Mapping[str, str]) -> str:
    return "\n".join(["[line]", *(f"{key} = {_quoted(text)}" for key, text in about.items() if text)])


def _entry_text(entry: Entry, limits: str) -> str:
    lines = [
        f"[{entry.name}]",
        f"value = {float(entry.value)!r}",
        f"unit = {_quoted(entry.unit)}",
        f"range = {limits}",
        f"source = {_quoted(entry.source)}",
        f"confidence = {_quoted(entry.confidence)}",
    ]
    return "\n".join([*lines, *([f"note = {_quoted(entry.note)}"] if entry.note else [])])


def _quoted(text: str) -> str:
    """A basic string of TOML, which a string of JSON is too."""
    return json.dumps(text, ensure_ascii=False)
