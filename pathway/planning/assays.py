"""What a bench can measure: assays with their noise, each number with unit, source and confidence."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from pathway.errors import InputError, did_you_mean
from pathway.parameters.read import CONFIDENCE

TABLE = Path(__file__).with_name("assays.toml")


class PlanError(InputError):
    """A plan that cannot be made of what was given; one line."""


@dataclass(frozen=True)
class AssayNumber:
    """A number of an assay, with where it is from."""

    value: float
    unit: str
    source: str
    confidence: str
    note: str = ""


@dataclass(frozen=True)
class Assay:
    """A way of measuring.

    Attributes
    ----------
    name, title : str
    measures : tuple of str
        Observables.
    noise : AssayNumber
        Standard deviation of the natural logarithm of one reading.
    range : AssayNumber
        Largest ratio of two readings that can be told.
    price : AssayNumber
        Of one reading.
    """

    name: str
    title: str
    measures: tuple[str, ...]
    noise: AssayNumber
    range: AssayNumber
    price: AssayNumber

    def with_own_replicates(self, values: Sequence[float], source: str) -> Assay:
        """The assay with the scatter of the user's own replicates of one dish, measured on different days.

        Raises
        ------
        PlanError
            If there are fewer than three, or one is not above 0.
        """
        readings = np.asarray(values, dtype=float)
        if len(readings) < 3:
            raise PlanError(f"{source}: {len(readings)} replicates, expected at least 3 to tell how they scatter")
        if not (np.isfinite(readings) & (readings > 0.0)).all():
            raise PlanError(f"{source}: replicates are readings above 0")
        own = float(np.log(readings).std(ddof=1))
        if not own > 0.0:
            raise PlanError(f"{source}: all replicates are the same")
        note = f"{len(readings)} replicates"
        return replace(self, noise=AssayNumber(own, "1", source, "measured", note))


@cache
def built_in_assays() -> Mapping[str, Assay]:
    """The assays of the package, by name."""
    tables = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: _assay(name, table) for name, table in tables.items()}


def _assay(name: str, table: Mapping[str, object]) -> Assay:
    numbers = {key: AssayNumber(**table[key]) for key in ("noise", "range", "price")}  # type: ignore[arg-type]
    for key, number in numbers.items():
        if number.value <= 0.0 or number.confidence not in CONFIDENCE:
            raise ValueError(f"{TABLE.name}: {name}.{key} is no number with a confidence")
    return Assay(name, str(table["title"]), tuple(table["measures"]), **numbers)  # type: ignore[arg-type]


def select_assays(names: Iterable[str]) -> tuple[Assay, ...]:
    """Assays by name; all where none is named.

    Raises
    ------
    PlanError
        If there is none of a name.
    """
    known, names = built_in_assays(), tuple(names)
    for name in names:
        if name not in known:
            raise PlanError(f"no assay is called '{name}'.{did_you_mean(name, known)} One of {', '.join(known)}")
    return tuple(known[name] for name in names or known)


def assays_of(observable: str, among: Iterable[Assay]) -> tuple[Assay, ...]:
    """Those that measure an observable."""
    return tuple(assay for assay in among if observable in assay.measures)


def require_assay(observable: str, among: Sequence[Assay]) -> None:
    """Refuse an observable that none of the assays measures.

    Raises
    ------
    PlanError
        With the assays that would measure it, or the nearest names.
    """
    if assays_of(observable, among):
        return
    others = assays_of(observable, built_in_assays().values())
    if others:
        raise PlanError(
            f"'{observable}' is not measured by {', '.join(a.name for a in among)}; "
            f"{', '.join(a.name for a in others)} would"
        )
    known = list(dict.fromkeys(name for assay in built_in_assays().values() for name in assay.measures))
    raise PlanError(
        f"no assay measures '{observable}'.{did_you_mean(observable, known)} Measured are {', '.join(known)}"
    )
