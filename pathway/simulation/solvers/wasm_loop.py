"""The step loop for browsers, which stays in the package: it serves every model, and numba takes a minute to make it.

`build` makes it anew, together with the objects.
"""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).with_name("rosenbrock.wasm")


def wasm_loop() -> bytes:
    """The module; it exports `run`, called as `layout` says, behind two pointers to rooms of 64 bytes."""
    return FILE.read_bytes()


def build() -> bytes:
    """The module made from the loop as it now stands, for models without events or switches of the state."""
    from pathway.kernels import loop_module

    from .compilation import unoptimized
    from .rosenbrock import run

    symbol, text = unoptimized(run)
    return loop_module(text, symbol)
