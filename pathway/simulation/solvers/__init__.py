"""The step loops: readable Python, compiled once by numba for all models.

How to add a method in one file
-------------------------------
A Rosenbrock method is a `Tableau` in `tableaus.py` and one line in `METHODS`. Any other one-step or multistep method
is a file with one function, which a `CompiledLoop` compiles at its first call and keeps on disk,

    run(kernels, pattern, method, task, report, lanes)

with the addresses of the tuples of `layout.py` and of its own working storage. It runs the members `task.first` to
`task.last - 1`, `kernels.width` of them at a time, lanes innermost in every array; calls the model through
`calls.right_hand_side(kernels.right_hand_side, t, y, p, out)` and the like; records the state at `task.times`, after
the actions of the member's schedule that are due at that moment; keeps the estimated local error below
`absolute + relative * |y|` (root mean square over species); and leaves in `report` values, end state, counts and one
of the statuses of `layout.py` for every member, never a number that is not finite without a status that says so.
What it does in one lane must not depend on any other lane.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from pathway.errors import InputError

from .lanes import rosenbrock_method
from .layout import RosenbrockMethod
from .loops import CompiledLoop
from .tableaus import RODAS4, RODAS5P, TSIT5

METHODS = {
    "AutoTsit5": rosenbrock_method(RODAS5P, TSIT5),
    "Rodas5P": rosenbrock_method(RODAS5P),
    "Rodas4": rosenbrock_method(RODAS4),
}
"""`AutoTsit5` is Rodas5P, and Tsit5 where a run is measured not to be stiff (`explicit`): for single runs."""

_LOOP, _WATCHING = CompiledLoop("rosenbrock", 6), CompiledLoop("rosenbrock_watching", 6)
_SWITCHING = CompiledLoop("rosenbrock_switching", 6)


def method_by_name(name: str, watching: bool = True) -> tuple[Callable[..., Any], RosenbrockMethod]:
    """The loop and the coefficients of a method by name; models without events, and without rates that switch by the
    state, need no loop that is `watching`."""
    if not isinstance(name, str) or name not in METHODS:
        near = get_close_matches(str(name), METHODS, n=1)
        raise InputError(f"solver: no method is called '{name}'; there are {', '.join(METHODS)}{_hint(near)}")
    method = METHODS[name]
    if method.pair.shape[0] > 0:
        return _SWITCHING, method
    return _WATCHING if watching else _LOOP, method


def _hint(near: list[str]) -> str:
    return f". Did you mean '{near[0]}'?" if near else ""
