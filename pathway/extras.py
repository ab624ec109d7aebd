"""Libraries that not everyone has installed: loaded when asked for, refused in one line that says how to get them."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any

EXTRAS = {
    "lifelines": "clinic",
    "distributed": "cluster",
    "antimony": "formats",
    "petab": "formats",
    "h5py": "netcdf",
    "SALib": "sensitivity",
    "anywidget": "notebook",
    "traitlets": "notebook",
    "pandas": "notebook",
    "xarray": "notebook",
}
"""Extra of the package that brings a library."""


def h5py() -> Any:
    """The module h5py."""
    return _library("h5py")


def pandas() -> Any:
    """The module pandas."""
    return _library("pandas")


def xarray() -> Any:
    """The module xarray."""
    return _library("xarray")


def require(name: str) -> None:
    """Refuse to go on without a library of an extra.

    Parameters
    ----------
    name : str
        "petab", "SALib", ...

    Raises
    ------
    ImportError
        If it is not installed; one line that says how to get it.
    """
    if find_spec(name) is None:
        raise ImportError(
            f"this needs {name}, which is not installed: pip install {name} (it comes with the extra '{EXTRAS[name]}')"
        )


def lifelines() -> Any:
    """The module lifelines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it imports
        return _library("lifelines")


def distributed() -> Any:
    """The module distributed, of Dask."""
    return _library("distributed")


def _library(name: str) -> Any:
    require(name)
    return import_module(name)
