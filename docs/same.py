"""Whether two outputs say the same, numbers compared as numbers."""

from __future__ import annotations

import math
import re
from typing import Any

TOLERANCE = 1e-3
"""Of the larger of two numbers; outputs of another processor differ in their last digits."""
ABSOLUTE = 1e-6

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def difference(recorded: Any, now: Any, place: str = "") -> str:
    """The first thing in which two values made of JSON differ, with its place; "" where there is none."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        if recorded.keys() != now.keys():
            return f"{place}: {sorted(recorded.keys() ^ now.keys())} on one side only"
        return next(filter(None, (difference(recorded[k], now[k], f"{place}/{k}") for k in recorded)), "")
    if isinstance(recorded, list) and isinstance(now, list):
        if len(recorded) != len(now):
            return f"{place}: {len(recorded)} entries, now {len(now)}"
        pairs = enumerate(zip(recorded, now, strict=True))
        return next(filter(None, (difference(a, b, f"{place}/{k}") for k, (a, b) in pairs)), "")
    if _is_number(recorded) and _is_number(now):
        return "" if near(recorded, now) else f"{place}: {recorded!r}, now {now!r}"
    if isinstance(recorded, str) and isinstance(now, str):
        return _text_difference(recorded, now, place)
    return "" if recorded == now else f"{place}: {recorded!r}, now {now!r}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def near(recorded: float, now: float) -> bool:
    return math.isclose(recorded, now, rel_tol=TOLERANCE, abs_tol=ABSOLUTE)


def _text_difference(recorded: str, now: str, place: str) -> str:
    """Line by line, words apart from numbers; how wide a column is does not matter."""
    for number, (a, b) in enumerate(zip(recorded.splitlines(), now.splitlines(), strict=False), 1):
        words = [" ".join(_NUMBER.sub("#", line).replace("─", "").split()) for line in (a, b)]
        numbers = [[float(n) for n in _NUMBER.findall(line)] for line in (a, b)]
        if words[0] != words[1] or not all(map(_near_as_shown, *numbers)):
            return f"{place}, line {number}: {a!r}, now {b!r}"
    if len(recorded.splitlines()) != len(now.splitlines()):
        return f"{place}: {len(recorded.splitlines())} lines, now {len(now.splitlines())}"
    return ""


def _near_as_shown(recorded: float, now: float) -> bool:
    """Shown numbers are rounded to two or three digits, which may fall to either side."""
    return math.isclose(recorded, now, rel_tol=12e-3, abs_tol=1e-3 if max(abs(recorded), abs(now)) < 0.1 else 0.0)
