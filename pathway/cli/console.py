"""Two channels: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from pathway.notebook import Progress as Progress
from pathway.notebook import progress_line as progress_line
from pathway.numerals import number_text as number_text

ENSEMBLE = typer.Option(
    "--ensemble", help="Intervals from: calibrated [default where it ships], prior, none, or a file (.npz)"
)
WEIGHTS = typer.Option("--weights", help="Of the ensemble: after measured data, or after 'findings' too")
MEMBERS = typer.Option("--members", help="Of the ensemble, at most", min=2, max=100_000)
FORCE = typer.Option("--force", help="Replace what another result has written into the folder; other files stay")


def scenario_completion(incomplete: str) -> list[str]:
    """For the shell: scenarios that come with the package, and files of this folder."""
    from pathway.scenario import scenario_names

    files = [str(file) for file in sorted(Path().glob("*.toml"))]
    return [name for name in (*scenario_names(), *files) if name.startswith(incomplete)]


def typed_command() -> list[str]:
    """The command as it was typed, for the provenance of what it leaves."""
    return ["pathway", *sys.argv[1:]]


_COMMANDS_OF_TERMINALS = {
    code: f"\\u{code:04x}"
    for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(code) not in "\t\n"
}


def harmless(text: str) -> str:
    """Text of a file as a terminal may be given it: what would move its cursor, rename its window or turn the
    direction of writing is shown by its number, as JSON writes it."""
    return text.translate(_COMMANDS_OF_TERMINALS)


def say(text: str) -> None:
    """A message for the person at the terminal, on standard error."""
    print(harmless(text), file=sys.stderr, flush=True)


def quiet_or_say(arguments: Sequence[str]) -> Callable[[str], None]:
    """Where a message goes that is not asked for: nowhere if a program reads the answer."""
    return (lambda text: None) if "--json" in arguments else lambda text: say(f"note: {text}")


def print_json(content: Mapping[str, Any]) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(harmless(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)) + "\n")


def terminal_width() -> int:
    """Characters per line of the terminal; of a file or pipe, 120."""
    import os
    import shutil

    return shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() or "COLUMNS" in os.environ else 120


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int] = (), title: str | None = None
) -> None:
    """A table that wraps its cells where the terminal is narrow; colour only where a terminal wants it.

    Where words would have to be broken to fit, each row is printed as a list of its own.
    """
    header, rows = [harmless(name) for name in header], [[harmless(cell) for cell in row] for row in rows]
    widths = _fitted_widths(header, rows, terminal_width() - 2 * len(header) - 2)
    if widths is None:
        return _print_as_lists(header, rows)
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(
        box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, collapse_padding=True, header_style="bold"
    )
    for index, (name, characters) in enumerate(zip(header, widths, strict=True)):
        table.add_column(name, justify="right" if index in numbers else "left", overflow="fold", width=characters)
    for row in rows:
        table.add_row(*row)
    # Units stand in square brackets, which rich would otherwise take for its own markup.
    Console(width=terminal_width(), highlight=False, markup=False, emoji=False).print(table)


def _fitted_widths(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """Characters for each column so that no word is broken and text gets what is left; None if there is no room."""
    columns = [(name, *(row[index] for row in rows)) for index, name in enumerate(header)]
    widths = [max((len(word) for cell in cells for word in cell.split()), default=1) for cells in columns]
    wishes = [max(map(len, cells)) for cells in columns]
    left = width - sum(widths)
    if left < 0:
        return None
    # The most modest wish first: short columns are shown whole, and the longest text wraps.
    for index in sorted(range(len(widths)), key=lambda i: wishes[i] - widths[i]):
        given = min(left, wishes[index] - widths[index])
        widths[index] += given
        left -= given
    return widths


def _print_as_lists(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        print_line(row[0], style="bold")
        for name, cell in zip(header[1:], row[1:], strict=True):
            if cell:
                print_line(f"  {name}: {cell}")


def print_line(text: str, style: str = "") -> None:
    """One line on standard output, in colour where a terminal wants it; the text is taken as it is."""
    from rich.console import Console
    from rich.text import Text

    Console(width=terminal_width(), highlight=False).print(Text(harmless(text), style=style), soft_wrap=True)


def print_report_places(folder: Path, record: Mapping[str, Any], *more: Path, **named: str) -> None:
    """Where the report of a result lies, its figure if there is one of that name, and further files."""
    missing = record.get("not_made", {})
    shown = {} if "report" in missing else {"Report": folder / "report.html"}
    if "figure 'figure'" not in missing and (folder / "figure.png").is_file():
        shown["figure"] = folder / "figure.png"
    shown |= {word: folder / name for word, name in named.items()}
    print_line("   ".join(f"{word}: {place}" for word, place in shown.items()))
    for place in more:
        print_line(str(place))
