"""Libraries that not everyone has installed: loaded when asked for, refused in one line that says how to get them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_EXTRAS = {"xarray": "notebook"}
"""Extra of the package that brings a library; the others are plain packages."""


def pandas() -> Any:
    """The module pandas."""
    return _library("pandas")


def xarray() -> Any:
    """The module xarray."""
    return _library("xarray")


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        package = f"'mir21-pathway[{_EXTRAS[name]}]'" if name in _EXTRAS else name
        raise ImportError(f"this needs {name}, which is not installed: pip install {package}") from None
