"""Pages of results from the templates beside this file: one HTML file each, no other file or network needed to read it.

Templates escape whatever they are given; ready pieces of HTML are our own figures alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pathway.numerals import plain_number, without_noise

from .report import Report, Table


def page_text(report: Report, svgs: Mapping[str, str], record: Mapping[str, Any]) -> str:
    """The page of a result as HTML text.

    Parameters
    ----------
    report : Report
    svgs : mapping of a figure's stem to SVG text
        A figure that failed has none.
    record : mapping
        The provenance.
    """
    context = {"report": report, "svgs": svgs, "record": record, **report.page()}
    return _environment().get_template(report.template).render(context)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"cell": table_cell, "filled": without_empty_columns, "inline_svg": inline_svg}
    environment.globals |= {"largest_numbers": largest_numbers}
    return environment


def table_cell(value: Any, largest: float = 0.0) -> str:
    """A value as a table on a page shows it, in a column with so large numbers; a ready piece of HTML stays one."""
    if value is None:
        return ""
    if isinstance(value, float):
        return plain_number(without_noise(value, largest)) if math.isfinite(value) else "not defined"
    return value if isinstance(value, Markup) else str(value)


def largest_numbers(table: Table) -> list[float | None]:
    """The largest size in each column in which only numbers stand, apart from empty cells and dashes; else None."""
    header, rows = table
    sizes: list[float | None] = []
    for k in range(len(header)):
        cells = [row[k] for row in rows if row[k] not in (None, "", "-")]
        known = bool(cells) and all(isinstance(c, int | float) for c in cells)
        sizes.append(max((abs(c) for c in cells if math.isfinite(c)), default=0.0) if known else None)
    return sizes


def without_empty_columns(table: Table) -> Table:
    """The table without columns in which nothing or a dash stands: a PEtab problem has no units, few have priors."""
    header, rows = table
    kept = [k for k in range(len(header)) if any(row[k] not in (None, "", "-") for row in rows)]
    return [header[k] for k in kept], [[row[k] for k in kept] for row in rows]


def select_columns(table: Table, names: Sequence[str]) -> Table:
    """Some columns of a table, by their names."""
    header, rows = table
    places = [list(header).index(name) for name in names]
    return list(names), [[row[k] for k in places] for row in rows]


def inline_svg(svg: str) -> Markup:
    """The picture without its file header and fixed size, so that it follows the page's width."""
    svg = svg[svg.index("<svg") :]
    return Markup(
        re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"|(<svg[^>]*?) height="[^"]*"', _without_size, svg, count=1)
    )


def _without_size(match: re.Match[str]) -> str:
    return match.group(1) or match.group(2)
