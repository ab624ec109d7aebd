"""Lab quantities as text: "10 ug/mL", "-48 h", "80 %", "4 x"."""

from __future__ import annotations

import math
import re

from pathway.units import UnitError, conversion_factor, parse_quantity


def parse_hours(text: str) -> float:
    """A time in hours.

    Raises
    ------
    UnitError
        If the text is no time; a bare number is refused.
    """
    if re.search(r"[a-z]\s*(,|;|and)\s*[-+]?\d", text):
        raise UnitError(f"'{text}' is more than one time; repeat with every and times, or write a dose for each")
    value, unit = _finite(text)
    if not unit:
        raise UnitError(f"'{text}' has no unit; write for example '{text.strip()} h'")
    if unit == "x":
        raise UnitError(f"'{text}' is no time; write for example '48 h'")
    try:
        return _bounded(value * conversion_factor(unit, "h"), text)
    except UnitError:
        if unit == "m":
            raise UnitError(f"'{text}' is a length; minutes are 'min'") from None
        raise


def parse_fraction(text: str) -> float:
    """A share from "80 %", as 0.8.

    Raises
    ------
    UnitError
        If the text has no percent sign or lies outside 0 ... 100 %.
    """
    value, unit = _finite(text)
    if unit != "%":
        raise UnitError(f"'{text}' must be a percentage such as '80 %'")
    if not 0.0 < value < 100.0:
        raise UnitError(f"'{text}' must lie between 0 % and 100 %, both excluded")
    return value / 100.0


def parse_amount(text: str, unit: str, usual: float | None = None, molar_mass: float | None = None) -> float:
    """An amount in `unit`; "4 x" is four times `usual`.

    Parameters
    ----------
    text : str
    unit : str
        The unit wanted.
    usual : float, optional
        What "1 x" means, in that unit.
    molar_mass : float, optional
        g/mol, lets a mass concentration stand for a molar one.

    Raises
    ------
    UnitError
        If the text has no unit, an unknown one or one of another dimension.
    """
    value, given = _finite(text)
    if given == "x":
        if usual is None:
            raise UnitError(f"'{text}' needs a usual amount to be a multiple of, and there is none; give it in {unit}")
        return _bounded(value * usual, text)
    if not given:
        if unit == "1":
            return value
        raise UnitError(f"'{text}' has no unit")
    return _bounded(value * conversion_factor(given, unit, molar_mass), text)


def is_multiple(text: str) -> bool:
    """Whether a text such as "4 x" is a multiple of what is usual.

    Raises
    ------
    UnitError
        If the text is no quantity.
    """
    return _finite(text)[1] == "x"


def _bounded(value: float, text: str) -> float:
    if not math.isfinite(value):
        raise UnitError(f"'{text}' is beyond the range of numbers")
    return value


def _finite(text: str) -> tuple[float, str]:
    value, unit = parse_quantity(text)
    if not math.isfinite(value):
        raise UnitError(f"'{text}' is not a finite number")
    return value, unit
