"""Whether two outputs say the same, numbers compared as numbers."""

from __future__ import annotations

import math
import re
from typing import Any

TOLERANCE = 1e-3
"""Of the larger of two numbers; outputs of another processor differ in their last digits."""
ABSOLUTE = 1e-6

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def difference(kept: Any, found: Any, place: str = "") -> str:
    """The first thing in which two values made of JSON differ, with its place; "" where there is none."""
    if isinstance(kept, dict) and isinstance(found, dict):
        if kept.keys() != found.keys():
            return f"{place}: {sorted(kept.keys() ^ found.keys())} on one side only"
        return next(filter(None, (difference(kept[k], found[k], f"{place}/{k}") for k in kept)), "")
    if isinstance(kept, list) and isinstance(found, list):
        if len(kept) != len(found):
            return f"{place}: {len(kept)} entries, now {len(found)}"
        pairs = enumerate(zip(kept, found, strict=True))
        return next(filter(None, (difference(a, b, f"{place}/{k}") for k, (a, b) in pairs)), "")
    if _is_number(kept) and _is_number(found):
        return "" if near(kept, found) else f"{place}: {kept!r}, now {found!r}"
    if isinstance(kept, str) and isinstance(found, str):
        return _text_difference(kept, found, place)
    return "" if kept == found else f"{place}: {kept!r}, now {found!r}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def near(kept: float, found: float) -> bool:
    return math.isclose(kept, found, rel_tol=TOLERANCE, abs_tol=ABSOLUTE)


def _text_difference(kept: str, found: str, place: str) -> str:
    """Line by line, words apart from numbers; how wide a column is does not matter."""
    for number, (a, b) in enumerate(zip(kept.splitlines(), found.splitlines(), strict=False), 1):
        words = [" ".join(_NUMBER.sub("#", line).replace("─", "").split()) for line in (a, b)]
        numbers = [[float(n) for n in _NUMBER.findall(line)] for line in (a, b)]
        if words[0] != words[1] or not all(map(_near_as_shown, *numbers)):
            return f"{place}, line {number}: {a!r}, now {b!r}"
    if len(kept.splitlines()) != len(found.splitlines()):
        return f"{place}: {len(kept.splitlines())} lines, now {len(found.splitlines())}"
    return ""


def _near_as_shown(kept: float, found: float) -> bool:
    """Shown numbers are rounded to two or three digits, which may fall to either side."""
    return math.isclose(kept, found, rel_tol=12e-3, abs_tol=1e-3 if max(abs(kept), abs(found)) < 0.1 else 0.0)
