"""Names and units as a reader says them: "PTEN, relative to parental", "miR21, thousands per cell"."""

from __future__ import annotations

import math
from functools import cache

from pathway.network import circuit
from pathway.numerals import power_of_ten

_OF_UNIT = {"molecules": "per cell", "1/h": "per hour", "h": "hours"}


def readable_name(name: str) -> str:
    """A name without the underscores that identifiers need."""
    return name.replace("_", " ")


@cache
def _meanings() -> dict[str, str]:
    network = circuit()
    species = {thing.name: thing.meaning for thing in network.species}
    return species | {thing.name: thing.meaning for thing in network.observables}


def unit_words(name: str, unit: str) -> str:
    """What the numbers of a quantity count.

    A quantity of the circuit without a unit is a share or relative to something, as its meaning says.
    """
    if unit != "1":
        return _OF_UNIT.get(unit, unit)
    meaning = _meanings().get(name, "")
    for part, words in (
        ("arbitrary units", "arbitrary units"),
        ("parental", "relative to parental"),
        ("reference cell", "relative to the reference cell"),
        ("fold of the start", "fold of start"),
        ("share of total", "share of total " + meaning.rpartition("share of total ")[2]),
        ("share", "share"),
    ):
        if part in meaning:
            return words
    return "relative" if name in _meanings() else "no unit"


def axis_label(name: str, unit: str, power: int = 0) -> str:
    """The label of an axis: name, what its numbers count, and the power of ten by which they were divided."""
    return f"{readable_name(name)}, {scaled_unit(unit_words(name, unit), power)}"


def time_label(unit: str) -> str:
    """Of a time axis, with the unit of a model."""
    return f"time, {'hours' if unit == 'h' else unit or 'unit of the model'}"


def scaled_unit(words: str, power: int) -> str:
    """A unit with the power of ten by which the numbers were divided."""
    return f"{power_of_ten(power)} {words}" if power else words


def common_power_of_ten(low: float, high: float) -> int:
    """The power of ten, a multiple of three, by which values are divided on an axis; 0 where they are short as they
    are."""
    size = max(abs(low), abs(high))
    if size == 0 or not math.isfinite(size) or 0.01 <= size < 2000:
        return 0
    return 3 * math.floor(math.log10(size) / 3)
