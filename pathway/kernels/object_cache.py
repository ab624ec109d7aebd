"""Machine code made elsewhere that stays on disk, so that the next process need not load what made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import machine, storage


def cached_code(parts: Mapping[str, str], build: Callable[[], tuple[str, bytes]]) -> tuple[machine.LoadedCode, int]:
    """A function in memory, read from the cache on disk or built.

    Parameters
    ----------
    parts : mapping of str to str
        All that the code depends on besides this machine.
    build : callable
        Gives the function's symbol and the object code.

    Returns
    -------
    (LoadedCode, int)
        What holds the code, and where the function begins; the address is good for as long as the first is held.
    """
    key = machine.digest_of_parts({**parts, "machine": machine.machine_identity()})
    entry = storage.read_cached(key)
    if entry is None:
        symbol, code = build()
        storage.write_cached(key, {"symbol": symbol}, code)
    else:
        symbol, code = entry[0]["symbol"], entry[1]
    return load_code(symbol, code)


def load_code(symbol: str, code: bytes) -> tuple[machine.LoadedCode, int]:
    """A function of object code in memory: what holds it, and where it begins."""
    loaded = machine.LoadedCode([code], [symbol])
    return loaded, loaded.address(symbol)
