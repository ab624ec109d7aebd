"""Pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

_SIGNS = re.compile(r"([\\`*_{}\[\]<>|~$#^])")


def plain(text: object) -> str:
    """Text as it stands, whatever signs are in it."""
    return _escaped(" ".join(str(text).split()))


def _escaped(text: str) -> str:
    return _SIGNS.sub(r"\\\1", text)


def sentences(text: str) -> str:
    """Free text with `code` in backticks kept as code."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") and part.endswith("`") else _escaped(part) for part in parts)


def code(text: object) -> str:
    """A name or value in the type of a terminal; nothing where there is none."""
    shown = str(text)
    return f"`{shown}`" if shown.strip() else ""


def table(header: Sequence[str], rows: Iterable[Sequence[object]], label: str = "") -> str:
    """A table of cells that are Markdown already; its bars are escaped."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += [
        "| " + " | ".join(str(cell).replace("\\|", "|").replace("|", "\\|") for cell in row) + " |" for row in rows
    ]
    return (f":::{{div}} {label}\n" if label else "") + "\n".join(lines) + ("\n:::" if label else "") + "\n"


def fence(text: str, language: str = "text", caption: str = "") -> str:
    """A block of code."""
    if caption:
        return f"```{{code-block}} {language}\n:caption: {caption}\n\n{text.strip(chr(10))}\n```\n"
    return f"```{language}\n{text.strip(chr(10))}\n```\n"


def number(value: float) -> str:
    """Four digits, as people write them."""
    from pathway.numerals import plain_number

    return plain_number(float(f"{value:.4g}"))


def anchor(text: str) -> str:
    """A name as a label: letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


EXPLORERS = "explorers"
"""Where the site keeps the explorers that its pages show."""


def explorer_frame(name: str, title: str, back: str) -> str:
    """The explorer of a scenario, loaded when it comes into sight; `back` leads to the root of the site."""
    there = f"{back}/{EXPLORERS}/{name}.html"
    return (
        f'<iframe class="explorer" src="{there}" loading="lazy" title="{escape(title)}: the explorer"></iframe>\n\n'
        f'<p><a href="{there}">Open it in a window of its own</a></p>\n'
    )
