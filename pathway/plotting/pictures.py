"""Figures as files, without dates inside: the same figure gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as MatplotlibFigure

from pathway.folders import write_atomically

from .layout import style_context
from .style import house_style

_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "pathway"},
    "png": {"Software": "pathway"},
    "pdf": {"CreationDate": None, "Creator": "pathway"},
}
PRINT = 300
"""Dots per inch of pictures for print."""


def picture_bytes(draw: Callable[[], MatplotlibFigure], style: str = "paper", form: str = "png") -> bytes:
    """A figure laid out for "paper", "column" or "slides", as a file of "png" (300 dots per inch), "svg" or "pdf"."""
    with style_context(style):
        figure = draw()
    return _written(figure, form, dpi=PRINT)


def _written(figure: MatplotlibFigure, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    with house_style():
        figure.savefig(stream, format=form, metadata=_METADATA[form], **options)
    return stream.getvalue()


def rendered_figure(figure: MatplotlibFigure) -> tuple[bytes, bytes]:
    """The figure as SVG and as PNG, without dates inside."""
    return _written(figure, "svg"), _written(figure, "png", pil_kwargs={"compress_level": 3})


def save_figure(figure: MatplotlibFigure, stem: Path) -> list[Path]:
    """Writes STEM.svg and STEM.png, without dates inside; returns both paths."""
    places = [stem.with_suffix(".svg"), stem.with_suffix(".png")]
    for place, content in zip(places, rendered_figure(figure), strict=True):
        write_atomically(place, content)
    return places
