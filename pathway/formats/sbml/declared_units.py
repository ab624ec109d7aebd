"""Units of an SBML file as text ("nmol/L"); what the file leaves open stays "": it is never invented."""

from __future__ import annotations

from typing import Any

import libsbml

_SYMBOLS = {
    "mole": "mol",
    "litre": "L",
    "liter": "L",
    "metre": "m",
    "meter": "m",
    "second": "s",
    "gram": "g",
    "item": "molecules",
    "dimensionless": "1",
    "joule": "J",
    "kelvin": "K",
    "volt": "V",
    "ampere": "A",
    "pascal": "Pa",
    "newton": "N",
    "watt": "W",
    "hertz": "Hz",
    "coulomb": "C",
    "candela": "cd",
    "radian": "rad",
    "katal": "kat",
    "kilogram": "kg",
    "avogadro": "avogadro",
}
_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "u", -3: "m", -2: "c", -1: "d", 0: "", 3: "k", 6: "M", 9: "G"}
_TIMES = {60.0: "min", 3600.0: "h", 86400.0: "d"}
_DEFAULTS = {"substance": "mol", "volume": "L", "area": "m^2", "length": "m", "time": "s"}
"""What levels 1 and 2 declare for every file that says nothing else."""


class DeclaredUnits:
    """Looks up the unit text of anything in a libSBML model."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.built_in = model.getLevel() < 3
        self.time = self._model_wide("time", model.getTimeUnits() if not self.built_in else "")

    def _model_wide(self, meaning: str, identifier: str) -> str:
        if identifier:
            return self.text(identifier)
        if self.built_in:
            return self.text(meaning) if self.model.getUnitDefinition(meaning) else _DEFAULTS[meaning]
        return ""

    def text(self, identifier: str) -> str:
        """The text of a unit definition or base unit by its identifier; "" for an unknown one."""
        if not identifier:
            return ""
        definition = self.model.getUnitDefinition(identifier)
        if definition is not None:
            return _definition_text(definition)
        if self.built_in and identifier in _DEFAULTS:
            return _DEFAULTS[identifier]
        return _SYMBOLS.get(identifier, identifier)

    def of_compartment(self, item: Any) -> str:
        """The unit of its size."""
        if item.isSetUnits():
            return self.text(item.getUnits())
        known = item.isSetSpatialDimensions() or self.built_in
        dimensions = item.getSpatialDimensionsAsDouble() if known else None
        meaning = {3.0: "volume", 2.0: "area", 1.0: "length"}.get(dimensions)  # type: ignore[arg-type]
        if meaning is None:
            return ""
        return self._model_wide(meaning, "" if self.built_in else getattr(self.model, f"get{meaning.title()}Units")())

    def of_species(self, item: Any, amount: bool) -> str:
        """The unit of its amount, or of its concentration."""
        declared = item.getSubstanceUnits() or (item.getUnits() if self.built_in else "")
        substance = self._model_wide("substance", declared or ("" if self.built_in else self.model.getSubstanceUnits()))
        if amount or not substance:
            return substance
        size = self.of_compartment(self.model.getCompartment(item.getCompartment()))
        return _quotient(substance, size) if size else ""

    def of_parameter(self, item: Any) -> str:
        """The unit of its value."""
        return self.text(item.getUnits()) if item.isSetUnits() else ""


LARGEST_SCALE = 300
"""Powers of ten beyond this leave the range of numbers."""


def _quotient(upper: str, lower: str) -> str:
    if lower == "1":
        return upper
    simple = all(mark not in lower for mark in "/*")
    return f"{upper}/{lower}" if simple else f"{upper}/({lower})"


def _definition_text(definition: Any) -> str:
    """Factors above and below one fraction line: "nmol/(L*s)"."""
    upper: list[str] = []
    lower: list[str] = []
    for item in (definition.getUnit(i) for i in range(definition.getNumUnits())):
        exponent = item.getExponentAsDouble()
        name = _unit_name(item)
        if exponent == 0 or name == "1":
            continue
        power = abs(exponent)
        text = name if power == 1 else f"{name}^{power:g}"
        (upper if exponent > 0 else lower).append(text)
    top = "*".join(upper) or "1"
    return _quotient(top, "*".join(lower)) if lower else top


def _unit_name(item: Any) -> str:
    kind = libsbml.UnitKind_toString(item.getKind())
    multiplier, scale = item.getMultiplier(), item.getScale()
    if kind == "second" and scale == 0 and multiplier in _TIMES:
        return _TIMES[multiplier]
    symbol = _SYMBOLS.get(kind, kind)
    if multiplier == 1 and scale in _PREFIXES and (symbol != "1" or scale == 0):
        return _PREFIXES[scale] + symbol
    if abs(scale) > LARGEST_SCALE:  # of no unit that anybody measures in
        return f"{multiplier:g}*10^{scale}" + ("" if symbol == "1" else f"*{symbol}")
    factor = multiplier * 10.0**scale
    return symbol if factor == 1 else f"{factor:g}" + ("" if symbol == "1" else f"*{symbol}")
