"""Libraries that not everyone has installed: loaded when asked for, refused in one line that says how to get them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import SimpleNamespace
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


def installed_version(name: str) -> str | None:
    """Version of an installed distribution, without importing it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def lifelines() -> Any:
    """The module lifelines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it imports
        return _library("lifelines")


def distributed() -> Any:
    """The module distributed, of Dask."""
    return _library("distributed")


@contextmanager
def importing_quietly() -> Iterator[None]:
    """While a library is imported that brings Matplotlib or ArviZ: what they warn of is of no concern to who asked.

    Matplotlib tells where it keeps its own files. ArviZ (0.23) writes into the user's cache folder, which ends the
    import where that cannot be written, and where two processes do so at once; it is given a folder of its own.
    """
    import logging
    import tempfile

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        places: Any = (
            import_module("platformdirs") if find_spec("platformdirs") else SimpleNamespace(user_cache_dir=None)
        )
        usual, places.user_cache_dir = places.user_cache_dir, lambda *_, **__: folder
        try:
            yield
        finally:
            places.user_cache_dir = usual


def _library(name: str) -> Any:
    require(name)
    return import_module(name)
