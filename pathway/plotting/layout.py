"""Pages that make room for their words: texts are measured, and what is too long for its place goes on below.

Everything is placed in inches from the upper left corner; a page is as high as what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from matplotlib import ft2font
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Affine2D

from .style import GREY, Figure, new_figure

STYLES = {"paper": 7.1, "column": 3.5, "slides": 5.4}
"""Inches: two columns of a journal, one column, and a slide, on which letters are larger beside the rest."""
_WIDTH: ContextVar[float] = ContextVar("page width", default=STYLES["paper"])

SIZE = 6.5
LINE = 0.125
"""Points of usual texts, and inches from line to line."""
NAME_LINE = 0.88 * LINE
"""The same between the lines of one name beside a row."""
LEFT, RIGHT, GAP = 0.64, 0.14, 0.62
"""Inches beside panels: for ticks and labels at the left, at the right, and between two."""


def page_width() -> float:
    """Inches of the style in which figures are drawn now."""
    return _WIDTH.get()


@contextmanager
def style_context(style: str) -> Iterator[None]:
    """Inside, figures are laid out for "paper", "column" or "slides"."""
    before = _WIDTH.set(STYLES[style])
    try:
        yield
    finally:
        _WIDTH.reset(before)


# Words


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = SIZE, bold: bool = False) -> float:
    """Inches that a line of text is wide, where letters are rounded to pixels, too."""
    font = _font(bold)
    font.set_size(size, 72)
    font.set_text(text, 0.0, flags=_NO_HINTING)
    return 1.05 * float(font.get_width_height()[0]) / 64.0 / 72.0


_FLAGS: Any = getattr(ft2font, "LoadFlags", ft2font)
_NO_HINTING = getattr(_FLAGS, "NO_HINTING", None) or _FLAGS.LOAD_NO_HINTING
"""As letters are placed where nobody rounds them to pixels; the name has changed with Matplotlib 3.10."""


@lru_cache(maxsize=2)
def _font(bold: bool) -> Any:
    return get_font(findfont(FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")))


def wrap_text(text: str, width: float, size: float = SIZE, bold: bool = False) -> list[str]:
    """The text in lines of at most so many inches; a word that is too long is broken behind _, -, / or anywhere."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if text_width(longer, size, bold) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            *whole, line = _broken(word, width, size, bold)
            lines += whole
        lines.append(line)
    return lines


def _broken(word: str, width: float, size: float, bold: bool) -> list[str]:
    """A word in parts that fit."""
    if text_width(word, size, bold) <= width:
        return [word]
    parts = [""]
    for piece in re.findall(r"[^_\-/,;+]*[_\-/,;+]+|[^_\-/,;+]+", word):
        for sign in [piece] if text_width(piece, size, bold) <= width else piece:
            if parts[-1] and text_width(parts[-1] + sign, size, bold) > width:
                parts.append("")
            parts[-1] += sign
    return parts


# Pages


class Page:
    """A page that is filled from above.

    Attributes
    ----------
    figure : Figure
    width : float, inches
    top : float, inches
        Where the next thing goes.
    """

    def __init__(self, title: str = "", words: str = "", size: float = 8.5) -> None:
        self.width = page_width()
        self.figure = new_figure(self.width, 1.0)
        self.top = 0.09
        self._places: list[tuple[Any, tuple[float, float, float, float]]] = []
        self._down = Affine2D()
        self.inches = self._down + self.figure.dpi_scale_trans
        """Transform from inches, right and down, for artists that are added to the figure."""
        if title:
            self.lines(title, size, weight="bold")
            self.top += 0.03
        if words:
            self.lines(words, color=GREY)
        self.top += 0.05

    def lines(
        self, text: str, size: float = SIZE, left: float = 0.12, width: float | None = None, **style: Any
    ) -> None:
        """Text over the page's width or a part of it; what follows goes below."""
        wide = (width or self.width - RIGHT) - (0.0 if width else left)
        for part in wrap_text(text, wide, size, style.get("weight") == "bold"):
            self.text(left, self.top + 0.008 * size, part, size, va="center_baseline", **style)
            self.top += LINE * size / SIZE

    def text(self, left: float, top: float, text: str, size: float = SIZE, **style: Any) -> Any:
        """A line of text at a place."""
        return self.figure.text(left, top, text, size=size, transform=self.inches, **style)

    def label_rows(
        self, names: RowLabels, right: float, top: float, row: float, colors: Sequence[str] | None = None
    ) -> None:
        """Names of equal rows, so many inches high, right-aligned beside what they name."""
        for number, (parts, color) in enumerate(zip(names.lines, colors or ["black"] * len(names.lines), strict=True)):
            first = top + row * (number + 0.5) - 0.5 * NAME_LINE * (len(parts) - 1)
            for line, part in enumerate(parts):
                place = first + NAME_LINE * line
                self.text(right, place, part, names.size, color=color, ha="right", va="center_baseline")

    def label_below(self, text: str, left: float, width: float, bottom: float, beyond: float = 0.0) -> int:
        """The label of axes that end at `bottom`, centered, in lines that may be so much wider; how many these are."""
        lines = wrap_text(text, width + beyond)
        for number, line in enumerate(lines):
            place = bottom + 0.25 + LINE * number
            self.text(left + 0.5 * width, place, line, ha="center", va="center_baseline")
        return len(lines)

    def add_axes(self, left: float, top: float, width: float, height: float) -> Any:
        """Axes at a place, in inches from the upper left corner."""
        axes = self.figure.add_axes((0.1, 0.1, 0.5, 0.5))
        self._places.append((axes, (left, top, width, height)))
        return axes

    def panels(
        self,
        titles: Sequence[str],
        columns: int,
        tall: float,
        left: float = LEFT,
        gap: float = GAP,
        right: float = RIGHT,
        below: float = 0.42,
        least: float = 1.05,
    ) -> list[Panel]:
        """Equal panels row by row under the last thing, each under its title; narrow pages hold fewer in a row.

        Parameters
        ----------
        titles : sequence of str
        columns : int
            On two columns of a journal.
        tall : float
            Inches.
        left, gap, right, below : float
            Inches for ticks and labels.
        least : float
            Inches that a panel is wide at least.
        """
        columns = self.fitting(columns, len(titles), left + right - gap, gap, least)
        wide = (self.width - left - right - gap * (columns - 1)) / columns
        panels = []
        for first in range(0, len(titles), columns):
            row_titles = titles[first : first + columns]
            row = [wrap_text(title, wide + 0.55 * gap, 7.0, bold=True) if title else [] for title in row_titles]
            top = self.top + 0.02 + 0.13 * max(map(len, row))
            for column, lines in enumerate(row):
                place = (left + column * (wide + gap), top, wide, tall)
                panels.append(Panel(self, self.add_axes(*place), place, lines, 0.385 if gap > 0.55 else 0.35))
            self.top = top + tall + below
        return panels

    def fitting(self, columns: int, count: int, edges: float, gap: float, least: float = 1.05) -> int:
        """How many of so many columns fit on this page, with so few inches each at least."""
        most = int((self.width - edges) / (least + gap))
        return max(1, min(columns, count, most))

    def legend(self, entries: Sequence[tuple[Any, str]], left: float = 0.12) -> None:
        """What lines, marks and areas mean, one beside the other as long as there is room."""
        at = left
        self.top += 0.5 * LINE
        for handle, text in entries:
            parts = wrap_text(text, self.width - left - RIGHT - 0.32)
            wide = 0.32 + max(text_width(part) for part in parts)
            if at > left and at + wide > self.width - RIGHT:
                at, self.top = left, self.top + 1.1 * LINE
            self._key(handle, at, self.top)
            for number, part in enumerate(parts):
                self.text(at + 0.28, self.top + number * LINE, part, va="center_baseline")
            if len(parts) > 1:
                at, self.top = left, self.top + LINE * (len(parts) - 1) + 1.1 * LINE
            else:
                at += wide + 0.16
        self.top += (0.5 if at > left else -0.6) * LINE + 0.06

    def _key(self, handle: Any, left: float, top: float) -> None:
        """The sign of an entry, centered on its line."""
        artist: Any
        if isinstance(handle, Line2D):
            alone = handle.get_linestyle() in ("None", "none", "", " ")
            x = [left + 0.12] if alone else [left, left + 0.22]
            artist = Line2D(x, [top] * len(x))
            artist.update_from(handle)
        else:
            artist = Rectangle((left, top - 0.035), 0.22, 0.07)
            artist.update_from(handle)
        artist.set_transform(self.inches)
        self.figure.add_artist(artist)

    def cropped_figure(self, bottom: float = 0.04) -> Figure:
        """The figure, as high as what it holds."""
        height = self.top + bottom
        self.figure.set_size_inches(self.width, height)
        self._down.clear().scale(1.0, -1.0).translate(0.0, height)
        for axes, (left, top, wide, tall) in self._places:
            axes.set_position((left / self.width, 1.0 - (top + tall) / height, wide / self.width, tall / height))
        return self.figure


class Panel:
    """Axes on a page with a title above; labels are broken to fit.

    Attributes
    ----------
    axes : Axes
    width, height : float, inches
    """

    def __init__(
        self, page: Page, axes: Any, place: tuple[float, float, float, float], title: Sequence[str], beside: float
    ) -> None:
        self.axes, (self._left, self._top, self.width, self.height) = axes, place
        for number, line in enumerate(reversed(title)):
            page.text(self._left, self._top - 0.075 - 0.13 * number, line, 7.0, weight="bold", va="center_baseline")

        # Labels get fixed places: they line up over all panels, and no time goes into finding a place for them.
        axes.xaxis.set_label_coords(0.5, -0.18 / self.height)
        axes.yaxis.set_label_coords(-beside / self.width, 0.5)

    def x_label(self, text: str) -> None:
        """Below, in as many lines as it takes; two have room."""
        lines = wrap_text(text, self.width + 0.2, 6.5)
        self.axes.set_xlabel("\n".join(lines), size=6.5, linespacing=1.0, va="top")

    def y_label(self, text: str) -> None:
        """At the left, upwards, in two lines at most: smaller letters where that is not enough."""
        for size in (6.5, 5.5, 4.5):
            lines = wrap_text(text, self.height + 0.2, size)
            if len(lines) <= 2:
                break
        self.axes.set_ylabel("\n".join(lines), size=size, linespacing=1.0, va="bottom")

    def few_ticks(self, apart: float = 0.34, **options: Any) -> None:
        """Round numbers below, as many as have room at so many inches each; options as of `MaxNLocator`."""
        self.axes.xaxis.set_major_locator(MaxNLocator(nbins=max(2, int(self.width / apart)), **options))

    def note(self, text: str, color: str = GREY) -> None:
        """A word inside, at the upper right."""
        self.axes.text(0.99, 0.97, text, transform=self.axes.transAxes, ha="right", va="top", size=6, color=color)

    def key(self, entries: Sequence[tuple[Any, str]]) -> None:
        """What the lines of this panel alone mean, inside where there is most room."""
        handles, texts = [h for h, _ in entries], ["\n".join(wrap_text(t, 0.7 * self.width, 6)) for _, t in entries]
        ground = {"frameon": True, "facecolor": "white", "edgecolor": "none", "framealpha": 0.85}
        self.axes.legend(
            handles, texts, loc="best", handlelength=1.2, fontsize=6, labelspacing=0.3, borderpad=0.2, **ground
        )


@dataclass(frozen=True)
class RowLabels:
    """Names beside rows.

    Attributes
    ----------
    lines : list of list of str
        Each name in lines.
    width : float, inches
    size : float, points
    """

    lines: list[list[str]]
    width: float
    size: float = SIZE

    @property
    def right(self) -> float:
        """Inches from the left edge of the page to what they name."""
        return RIGHT + self.width + 0.1

    def row_height(self, least: float, space: float) -> float:
        """Inches of a row that holds any of the names and some space."""
        return max(least, NAME_LINE * max(map(len, self.lines), default=1) + space)


def row_labels(names: Sequence[str], most: float, size: float = SIZE) -> RowLabels:
    """Names that take the room of the longest, at most so many inches."""
    wide = min(most, max((text_width(name, size) for name in names), default=0.0))
    lines = [wrap_text(name, wide + 1e-6, size) for name in names]
    return RowLabels(lines, max((text_width(part, size) for parts in lines for part in parts), default=0.0), size)
