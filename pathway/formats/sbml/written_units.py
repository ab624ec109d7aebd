"""Unit texts as SBML unit definitions: "molecules/(nM*h)" is written factor by factor, as a person would."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import libsbml

_KINDS = {
    "mol": "mole",
    "L": "litre",
    "l": "litre",
    "m": "metre",
    "s": "second",
    "g": "gram",
    "molecules": "item",
    "molecule": "item",
    "copies": "item",
    "J": "joule",
    "K": "kelvin",
    "V": "volt",
    "A": "ampere",
    "Pa": "pascal",
    "N": "newton",
    "W": "watt",
    "Hz": "hertz",
    "C": "coulomb",
    "cd": "candela",
    "rad": "radian",
    "kat": "katal",
    "avogadro": "avogadro",
    "kg": "kilogram",
}
_SCALES = {
    "k": 3, "M": 6, "G": 9, "d": -1, "c": -2, "m": -3, "u": -6, "µ": -6, "n": -9, "p": -12, "f": -15, "a": -18,
}  # fmt: skip
_SECONDS = {"min": 60.0, "h": 3600.0, "d": 86400.0, "wk": 604800.0}
_PLAIN = {"1", "cells", "dimensionless"}
_TOKEN = re.compile(r"\s*(\d+\.?\d*(?:[eE][-+]?\d+)?|[^\W\d]+|%|[-*/^()])")

Factor = tuple[str, int, float, Fraction]
"""SBML base unit, decimal scale, multiplier, exponent."""


@dataclass
class WrittenUnits:
    """Unit definitions of one model, made as they are asked for."""

    model: Any
    identifiers: dict[str, str] = field(default_factory=dict)

    def identifier(self, text: str) -> str:
        """The identifier of a unit text's definition; "" where there is no text or no such unit."""
        if not text:
            return ""
        if text not in self.identifiers:
            factors = unit_factors(text)
            self.identifiers[text] = "" if factors is None else self._define(text, factors)
        return self.identifiers[text]

    def _define(self, text: str, factors: list[Factor]) -> str:
        if not factors:
            return "dimensionless"
        name = _identifier(text)
        definition = self.model.createUnitDefinition()
        definition.setId(name)
        definition.setName(text)
        for kind, scale, multiplier, exponent in factors:
            item = definition.createUnit()
            item.setKind(libsbml.UnitKind_forName(kind))
            item.setScale(scale)
            item.setMultiplier(multiplier)
            item.setExponent(float(exponent))
        return name


def _identifier(text: str) -> str:
    """ "1/(nM*h)" -> "unit_per_nM_h"; never the name of a base unit."""
    words = text.replace("1/", "per_", 1) if text.startswith("1/") else text.replace("/", "_per_", 1)
    words = words.replace("^", "").replace(".", "p").replace("%", "percent")
    return "unit_" + re.sub(r"\W+", "_", words, flags=re.ASCII).strip("_")


def unit_factors(text: str) -> list[Factor] | None:
    """The base units of a text with their powers, or None for a text that is not understood."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s", "", text):
        return None
    try:
        factors, rest = _product(tokens)
    except (ValueError, IndexError):
        return None
    return None if rest else factors


def _product(tokens: list[str]) -> tuple[list[Factor], list[str]]:
    product, tokens = _power(tokens)
    while tokens and tokens[0] in "*/":
        more, rest = _power(tokens[1:])
        product = product + (more if tokens[0] == "*" else _raised(more, Fraction(-1)))
        tokens = rest
    return product, tokens


def _power(tokens: list[str]) -> tuple[list[Factor], list[str]]:
    first, rest = tokens[0], tokens[1:]
    if first == "(":
        base, rest = _product(rest)
        if rest[0] != ")":
            raise ValueError
        rest = rest[1:]
    else:
        base = _named(first)
    if rest and rest[0] == "^":
        sign = -1 if rest[1] == "-" else 1
        digits = rest[2] if sign < 0 else rest[1]
        return _raised(base, sign * Fraction(digits)), rest[3 if sign < 0 else 2 :]
    return base, rest


def _raised(factors: list[Factor], power: Fraction) -> list[Factor]:
    return [(kind, scale, multiplier, exponent * power) for kind, scale, multiplier, exponent in factors]


def _named(name: str) -> list[Factor]:
    one = Fraction(1)
    if name in _PLAIN:
        return []
    if name == "%":
        return [("dimensionless", 0, 0.01, one)]
    if name[0].isdigit():
        return [("dimensionless", 0, float(name), one)]
    if name in _SECONDS:
        return [("second", 0, _SECONDS[name], one)]
    if name in _KINDS:
        return [(_KINDS[name], 0, 1.0, one)]
    scale = 0 if name == "M" else _SCALES.get(name[0])
    rest = name if name == "M" else name[1:]
    if scale is not None and rest == "M":
        return [("mole", scale, 1.0, one), ("litre", 0, 1.0, -one)]
    if scale is not None and rest in _KINDS:
        return [(_KINDS[rest], scale, 1.0, one)]
    if libsbml.UnitKind_forName(name) == libsbml.UNIT_KIND_INVALID:
        raise ValueError(name)
    return [(name, 0, 1.0, one)]
