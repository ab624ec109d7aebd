"""What objects show of themselves in a notebook: small tables of escaped text, and a line of progress.

Nothing here needs Jupyter; where it runs, it is used.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any, Protocol

from pathway.errors import InputError

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it, of how much."""
MOST_ROWS = 40


def listed(names: Iterable[str], most: int = 5) -> str:
    """ "a, b, c and 16 more"."""
    names = list(names)
    left = len(names) - most
    return ", ".join(names) if left <= 0 else f"{', '.join(names[:most])} and {left} more"


def html_table(header: Sequence[str], rows: Sequence[Sequence[Any]], most: int = MOST_ROWS) -> str:
    """A table as HTML; of many rows the first ones, and how many there are."""
    head = "".join(f'<th style="text-align:left">{escape(str(name))}</th>' for name in header)
    lines = [
        "<tr>" + "".join(f'<td style="text-align:left">{escape(_shown(cell))}</td>' for cell in row) + "</tr>"
        for row in rows[:most]
    ]
    more = f"<p>{len(rows)} rows, of which the first {most}</p>" if len(rows) > most else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{more}"


def html_card(title: str, lines: Iterable[str] = (), tables: Iterable[tuple[Sequence[str], Sequence[Any]]] = ()) -> str:
    """A title, sentences and tables as HTML."""
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f"<b>{escape(title)}</b>{paragraphs}{''.join(html_table(*table) for table in tables)}"


def _shown(cell: Any) -> str:
    if isinstance(cell, float):
        return "" if cell != cell else f"{cell:.4g}"
    return "" if cell is None else str(cell)


class Display(Protocol):
    """Where an answer is shown: the terminal, or a notebook."""

    def print_line(self, text: str, style: str = "") -> None:
        """A sentence."""

    def print_table(self, header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int] = ()) -> None:
        """A table; `numbers` are the columns of numbers."""


class HtmlDisplay:
    """Collects what is shown as HTML."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def print_line(self, text: str, style: str = "") -> None:
        """A paragraph."""
        self.parts.append(f"<p><b>{escape(text)}</b></p>" if style == "bold" else f"<p>{escape(text)}</p>")

    def print_table(self, header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int] = ()) -> None:
        """A table."""
        self.parts.append(html_table(header, rows))

    @property
    def html(self) -> str:
        """All of it."""
        return "".join(self.parts)


_LISTENERS: list[Callable[[str], None]] = []
_TOLD: set[str] = set()


@contextmanager
def telling(listener: Callable[[str], None]) -> Iterator[None]:
    """Within it, what takes long once is told to the listener."""
    _LISTENERS.append(listener)
    try:
        yield
    finally:
        _LISTENERS.remove(listener)


def tell(text: str) -> None:
    """Say what takes long once, before it begins: to whoever listens, and in a notebook; once in a process."""
    if text in _TOLD:
        return
    _TOLD.add(text)
    for listener in _LISTENERS:
        listener(text)
    if in_notebook() and not _LISTENERS:
        print(text)


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this."""
    asked = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return asked is not None and getattr(asked(), "kernel", None) is not None


@contextmanager
def progress_shown(progress: Progress | bool | None) -> Iterator[Progress | None]:
    """What is told of progress.

    Parameters
    ----------
    progress : callable (what, done, of), bool or None
        A callable is told itself; True: a line; False: nothing; None: a line in a notebook, elsewhere nothing.
    """
    if callable(progress):
        yield progress
    elif progress is True or (progress is None and in_notebook()):
        with progress_line() as report:
            yield report
    elif progress is None or progress is False:
        yield None
    else:
        raise InputError(f"progress: expected True, False or a function (what, done, of), got {progress!r}")


@contextmanager
def progress_line(quiet: bool = False) -> Iterator[Progress]:
    """Progress of what takes more than a second: a line that renews itself in a notebook or, on standard error, on a
    terminal. In a file or pipe, one line every ten seconds."""
    started = time.monotonic()
    write, renewed = _writer()
    state = {"shown": 0.0 if renewed else started, "open": False}

    def report(what: str, done: int, of: int) -> None:
        now = time.monotonic()
        if quiet or now - started < 1.0 or (now - state["shown"] < (0.1 if renewed else 10.0) and done < of):
            return
        if done >= of and not state["open"]:
            return
        state["shown"], state["open"] = now, True
        write(f"{what}: {done} of {of}, {now - started:.0f} s")

    try:
        yield report
    finally:
        if renewed and state["open"]:
            write("")


def _writer() -> tuple[Callable[[str], None], bool]:
    """Writes a line, and whether it takes the place of the one before."""
    if in_notebook():
        return _cell_writer(), True
    terminal = sys.stderr.isatty()

    def write(line: str) -> None:
        sys.stderr.write(f"\r\x1b[K{line}" if terminal else f"{line}\n")
        sys.stderr.flush()

    return write, terminal


def _cell_writer() -> Callable[[str], None]:
    from IPython.display import HTML, display

    handle: list[Any] = []

    def write(line: str) -> None:
        shown = HTML(f"<code>{escape(line)}</code>" if line else "")
        if handle:
            handle[0].update(shown)
        else:
            handle.append(display(shown, display_id=True))

    return write
