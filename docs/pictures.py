"""Pictures that are kept with the pages: small, and the same file for the same picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

COLORS = 48
WIDEST = 1136
"""Pixels of the widest figure as it is drawn."""


def keep_picture(drawn: Any, file: Path, width: int = WIDEST) -> None:
    """Write a figure, or a picture in a file, as a small PNG.

    Parameters
    ----------
    drawn : figure or Path
    file : Path
    width : int
        Pixels, at most.
    """
    from PIL import Image

    if isinstance(drawn, Path):
        image = Image.open(drawn).convert("RGB")
    else:
        stream = io.BytesIO()
        drawn.savefig(stream, format="png", dpi=160, facecolor="white")
        image = Image.open(stream).convert("RGB")
    if image.width > width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    image.quantize(COLORS, dither=Image.Dither.NONE).save(file, optimize=True)
