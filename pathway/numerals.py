"""Numbers as people write them (500 and not 5e+02; very small and large ones as powers of ten), and as JSON can."""

from __future__ import annotations

import math

_RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def superscript(base: int, power: int) -> str:
    """ "2⁻³"."""
    return f"{base}{str(power).translate(_RAISED)}"


def power_of_ten(power: int) -> str:
    """ "10³"."""
    return superscript(10, power)


def plain_number(value: float, digits: int = 4) -> str:
    """A number with at least so many significant digits, in full where that takes few zeros, else with a power of ten.

    Nothing is shown as 0 that is not, and no digit before the point is rounded away.
    """
    value = float(value)
    if not math.isfinite(value):
        return str(value)
    rounded = float(f"{value:.{digits - 1}e}")
    if rounded == 0.0:
        return "0"
    power = math.floor(math.log10(abs(rounded)))
    if digits - 1 <= power < 6:
        return f"{value:.0f}"
    if -4 <= power < 6:
        return _short(f"{rounded:.{digits - 1 - power}f}")
    first = _short(f"{rounded / 10.0**power:.{digits - 1}f}")
    return power_of_ten(power) if first == "1" else f"{first}\u00d7{power_of_ten(power)}"


def _short(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def finite_or_none(value: float) -> float | None:
    """The number, or None where JSON has no word for it."""
    return float(value) if math.isfinite(value) else None


NOISE = 1e-12
"""What rounding leaves of a difference between equal numbers, or of a quantity that has gone, as a share of the largest
number it stands beside."""


def without_noise(value: float, largest: float) -> float:
    """0 for what only rounding keeps from zero."""
    return 0.0 if abs(value) < NOISE * abs(largest) else value


def number_text(value: float | None, digits: int = 3) -> str:
    """A number for a table of a terminal, 58995 and not 5.9e+04; nothing where there is none."""
    if value is None or value != value:
        return ""
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < 999999.5 else text
