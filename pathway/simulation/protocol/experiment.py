"""An experiment: how cells come to rest, and what is done to them from then on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pathway.errors import InputError
from pathway.expressions import Expression, differentiate, number
from pathway.expressions.calculus import substitute_all
from pathway.expressions.graph import is_number

from ..interventions import Intervention

STEADY = -math.inf
"""Start of a period that lasts until the steady state."""


class ExperimentError(InputError):
    """An experiment that cannot be run; names it."""


@dataclass(frozen=True)
class SteadyTarget:
    """A parameter that takes the value at which a quantity meets its target in the steady state of a period.

    Attributes
    ----------
    parameter : str
    quantity : str
        A species, assignment or observable.
    target : float or str
        A number, or another quantity of the same steady state.
    of_level_before : bool
        Whether the target is a multiple of what the quantity was when the period began.
    """

    parameter: str
    quantity: str
    target: float | str
    of_level_before: bool = False


@dataclass(frozen=True)
class Period:
    """A part of an experiment.

    Attributes
    ----------
    start : float
        In the model's time unit; `STEADY`: run to the steady state before the next period begins.
    changes : mapping of species or parameter name to Expression
        New values; over parameters, and in later periods also over species and `time` at that moment.
    targets : tuple of SteadyTarget
        Of a period that lasts until the steady state.
    """

    start: float
    changes: Mapping[str, Expression] = field(default_factory=dict)
    targets: tuple[SteadyTarget, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """Periods in the order of their start; an empty tuple means the model as it is."""

    name: str
    periods: tuple[Period, ...] = ()

    @property
    def preequilibration(self) -> tuple[Period, ...]:
        """The periods that last until a steady state, one after the other."""
        return tuple(period for period in self.periods if period.start == STEADY)

    @property
    def treatment(self) -> tuple[Period, ...]:
        """The periods from the first finite moment on."""
        return tuple(period for period in self.periods if period.start != STEADY)

    def with_numbers(self, values: Mapping[str, float]) -> Experiment:
        """The experiment with numbers for some of the symbols of its changes."""
        numbers = {name: number(float(value)) for name, value in values.items()}
        periods = []
        for period in self.periods:
            changed = substitute_all(list(period.changes.values()), numbers)
            periods.append(replace(period, changes=dict(zip(period.changes, changed, strict=True))))
        return replace(self, periods=tuple(periods))

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """What is done from the first finite moment on, where the changes hold nothing but numbers.

        Raises
        ------
        InputError
            If a value depends on anything but a number and what it was before.
        """
        return tuple(filter(None, map(_intervention, self.treatment)))


def _intervention(period: Period) -> Intervention | None:
    values: dict[str, dict[str, float]] = {"set": {}, "scale": {}, "add": {}}
    for name, formula in period.changes.items():
        factor, (addend,) = differentiate(formula, name), substitute_all([formula], {name: number(0.0)})
        if not (is_number(factor) and is_number(addend)):
            raise InputError(f"at {period.start:g}: '{name}' becomes a formula; expected a number, a multiple or a sum")
        share, amount = float(factor.value), float(addend.value)  # type: ignore[arg-type]
        if share == 0.0:
            values["set"][name] = amount
            continue
        if share != 1.0:
            values["scale"][name] = share
        if amount != 0.0:
            values["add"][name] = amount
    return Intervention(period.start, **values) if any(values.values()) else None
