"""Unit text, at the edges only: "nM", "1/(nM*h)", "10 ug/mL" become a factor and a dimension.

Inside, everything is a plain number in the unit its symbol declares. An unknown unit is refused, never taken as 1.
A full unit library takes longer to import than a whole simulated experiment takes to run, so this algebra of five
dimensions is our own; a test holds it against one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from pathway.errors import InputError, did_you_mean

AVOGADRO = 6.02214076e23
"""Molecules per mole, exact since the SI of 2019."""

LONGEST = 200
"""Characters of a unit."""
LARGEST_EXPONENT = 20
"""No unit of the field has a larger one, and numbers end somewhere."""

Dimension = tuple[tuple[str, Fraction], ...]


class UnitError(InputError):
    """Unit text that is not understood, or units that do not fit together."""


@dataclass(frozen=True)
class Unit:
    """What a unit text stands for.

    Attributes
    ----------
    factor : float
        How many of the basic units (second, mole, metre, gram) one of it is.
    dimension : tuple of (basic quantity, exponent)
        Sorted by name; empty for a plain number.
    """

    factor: float
    dimension: Dimension = ()

    def __mul__(self, other: Unit) -> Unit:
        return Unit(self.factor * other.factor, _combined(self.dimension, other.dimension, 1))

    def __truediv__(self, other: Unit) -> Unit:
        return Unit(self.factor / other.factor, _combined(self.dimension, other.dimension, -1))

    def __pow__(self, exponent: int | Fraction) -> Unit:
        dimension = tuple((name, power * exponent) for name, power in self.dimension if exponent)
        return Unit(self.factor ** float(exponent), dimension)

    def equals(self, other: Unit) -> bool:
        """Whether both measure the same thing in the same size (nM and nM; not nM and uM)."""
        return self.dimension == other.dimension and abs(self.factor - other.factor) <= 1e-9 * abs(other.factor)


def _combined(left: Dimension, right: Dimension, sign: int) -> Dimension:
    powers = dict(left)
    for name, power in right:
        powers[name] = powers.get(name, Fraction(0)) + sign * power
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def _basic(name: str, factor: float = 1.0) -> Unit:
    return Unit(factor, ((name, Fraction(1)),))


ONE = Unit(1.0)
_LITRE = Unit(1e-3, (("length", Fraction(3)),))
_MOLAR = _basic("amount") / _LITRE

# Units that take a prefix (n, u, m, ...), and those that stand alone.
_PREFIXED = {"s": _basic("time"), "mol": _basic("amount"), "m": _basic("length"), "g": _basic("mass"), "L": _LITRE}
_PREFIXED |= {"M": _MOLAR, "Da": _basic("mass") / _basic("amount")}
_ALONE = {
    "1": ONE,
    "%": Unit(0.01),
    "cells": ONE,
    "min": _basic("time", 60.0),
    "h": _basic("time", 3600.0),
    "d": _basic("time", 86400.0),
    "wk": _basic("time", 604800.0),
    "month": _basic("time", 31557600.0 / 12.0),
    "year": _basic("time", 31557600.0),
    "molecules": _basic("amount", 1.0 / AVOGADRO),
}
_ALIASES = {
    "l": "L",
    "hr": "h",
    "hour": "h",
    "hours": "h",
    "day": "d",
    "days": "d",
    "minute": "min",
    "minutes": "min",
    "second": "s",
    "seconds": "s",
    "week": "wk",
    "weeks": "wk",
    "months": "month",
    "years": "year",
    "molecule": "molecules",
    "copies": "molecules",
    "dimensionless": "1",
    "percent": "%",
}
_PREFIXES = {"k": 1e3, "c": 1e-2, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}

_TOKEN = re.compile(r"\s*([^\W\d]+|%|\d+|[-*/^()])")


@lru_cache(maxsize=1024)
def unit(text: str) -> Unit:
    """The unit a text stands for.

    Parameters
    ----------
    text : str
        Names with `*`, `/`, `^` and brackets: "nM", "1/(nM*h)", "ug/mL", "molecules/h", "1".

    Returns
    -------
    Unit

    Raises
    ------
    UnitError
        If a name is unknown (the nearest known ones are named) or the text is no unit.
    """
    if len(text) > LONGEST:
        raise UnitError(f"'{text[:20]}...' is no unit: it has {len(text)} characters")
    product, rest = _product(text, _tokens(text))
    if rest:
        raise UnitError(f"'{text}' is not a unit: '{rest[0]}' does not fit there")
    return product


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise UnitError(f"'{text}' is not a unit: '{text[position:].strip()[0]}' does not fit there")
        tokens.append(match.group(1))
        position = match.end()
    if not tokens:
        raise UnitError("a unit is missing; a plain number has the unit '1'")
    return tokens


def _product(text: str, tokens: list[str]) -> tuple[Unit, list[str]]:
    product, tokens = _power(text, tokens)
    while tokens and tokens[0] in "*/":
        operator, (factor, tokens) = tokens[0], _power(text, tokens[1:])
        product = _checked(product * factor if operator == "*" else product / factor, text)
    return product, tokens


def _power(text: str, tokens: list[str]) -> tuple[Unit, list[str]]:
    base, tokens = _factor(text, tokens)
    if tokens and tokens[0] == "^":
        sign, digits = (-1, tokens[2:]) if tokens[1:2] == ["-"] else (1, tokens[1:])
        if not digits or not digits[0].isdigit():
            raise UnitError(f"'{text}' is not a unit: a whole number must follow '^'")
        if len(digits[0]) > 2 or int(digits[0]) > LARGEST_EXPONENT:
            raise UnitError(f"'{text}' is not a unit: an exponent is at most {LARGEST_EXPONENT}")
        return _checked(base ** (sign * int(digits[0])), text), digits[1:]
    return base, tokens


def _checked(candidate: Unit, text: str) -> Unit:
    """A unit whose size can be worked with."""
    if not 1e-150 < candidate.factor < 1e150:
        raise UnitError(f"'{text}' is not a unit: its size leaves the range of numbers")
    return candidate


def _factor(text: str, tokens: list[str]) -> tuple[Unit, list[str]]:
    if not tokens:
        raise UnitError(f"'{text}' is not a unit: something is missing at its end")
    first, rest = tokens[0], tokens[1:]
    if first != "(":
        return _named(first, text), rest
    inner, rest = _product(text, rest)
    if not rest or rest[0] != ")":
        raise UnitError(f"'{text}' is not a unit: ')' is missing")
    return inner, rest[1:]


def _named(name: str, text: str) -> Unit:
    name = _ALIASES.get(name, name)
    if name in _ALONE:
        return _ALONE[name]
    if name in _PREFIXED:
        return _PREFIXED[name]
    prefix, stem = name[:1], _ALIASES.get(name[1:], name[1:])
    if prefix in _PREFIXES and stem in _PREFIXED:
        return Unit(_PREFIXES[prefix] * _PREFIXED[stem].factor, _PREFIXED[stem].dimension)
    known = [*_ALONE, *_PREFIXED, *_ALIASES, *(p + u for p in "munpfk" for u in _PREFIXED)]
    where = "" if name == text else f" in '{text}'"
    raise UnitError(f"no unit is called '{name}'{where}.{did_you_mean(name, known)}")


def conversion_factor(source: str, target: str, molar_mass: float | None = None) -> float:
    """What a number in `source` is multiplied by to be in `target`.

    Parameters
    ----------
    source, target : str
        Unit texts.
    molar_mass : float, optional
        Of the substance, g/mol; lets a mass stand for an amount ("10 ug/mL" of an antibody in nM) and the reverse.

    Raises
    ------
    UnitError
        If the dimensions differ, with both in words.
    """
    given, wanted = unit(source), unit(target)
    if given.dimension == wanted.dimension:
        return given.factor / wanted.factor
    if molar_mass is not None:
        per_mole = Unit(molar_mass, (("amount", Fraction(-1)), ("mass", Fraction(1))))
        for bridged in (given / per_mole, given * per_mole):
            if bridged.dimension == wanted.dimension:
                return bridged.factor / wanted.factor
    raise UnitError(f"'{source}' is {dimension_in_words(given)}, but '{target}' is {dimension_in_words(wanted)}")


_WORDS = {
    unit("nM").dimension: "a concentration",
    unit("ug/mL").dimension: "a mass per volume",
    unit("mol").dimension: "an amount",
    unit("g").dimension: "a mass",
    unit("L").dimension: "a volume",
    unit("m").dimension: "a length",
    unit("h").dimension: "a time",
    unit("1/h").dimension: "a rate",
}


def dimension_in_words(measure: Unit) -> str:
    """The dimension as a person says it: "a concentration", "amount/(length^3*time)", "a plain number"."""
    if measure.dimension in _WORDS:
        return _WORDS[measure.dimension]
    upper = [_raised(name, power) for name, power in measure.dimension if power > 0]
    lower = [_raised(name, -power) for name, power in measure.dimension if power < 0]
    if not upper and not lower:
        return "a plain number"
    bottom = lower[0] if len(lower) == 1 else f"({'*'.join(lower)})"
    return "*".join(upper or ["1"]) + (f"/{bottom}" if lower else "")


def _raised(name: str, power: Fraction) -> str:
    return name if power == 1 else f"{name}^{power}"


_THOUSANDS = re.compile(r"\s*[-+]?\d{1,3}(,\d{3})+(,\d{3}|\.\d)")
_DECIMAL_COMMA = re.compile(r"\s*([-+]?)(\d*),(\d+)(?![\d.,])")


def _with_decimal_point(text: str) -> str:
    """ "0,5 ug/mL" as "0.5 ug/mL".

    Raises
    ------
    UnitError
        If a comma may stand between thousands: "1,000 nM" is one or a thousand.
    """
    if _THOUSANDS.match(text):
        raise UnitError(f"'{text}': write a number without commas between thousands")
    match = _DECIMAL_COMMA.match(text)
    if match is None:
        return text
    sign, whole, part = match.groups()
    if len(part) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0"):
        rest = text[match.end() :].strip()
        raise UnitError(
            f"'{text}' is {whole}.{part} or {whole}{part}: write '{whole}.{part} {rest}' or '{whole}{part} {rest}'"
        )
    return f"{sign}{whole}.{part}{text[match.end() :]}"


_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$")


def parse_quantity(text: str) -> tuple[float, str]:
    """Number and unit text of "10 ug/mL" or "-48 h"; the unit is checked, an absent one is "".

    Raises
    ------
    UnitError
        If the text does not start with a number or the unit is unknown.
    """
    match = _QUANTITY.match(_with_decimal_point(text))
    if match is None:
        raise UnitError(f"'{text}' does not start with a number")
    if match.group(2) not in ("", "x"):
        unit(match.group(2))
    return float(match.group(1)), match.group(2)
