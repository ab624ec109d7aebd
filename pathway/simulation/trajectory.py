"""`Trajectory`: what a run gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from pathway.equations import Model

from .checks import checked_texts
from .formulas import evaluate_names, evaluate_slopes, find_formula


@dataclass(frozen=True, eq=False)
class Statistics:
    """What a run cost.

    Attributes
    ----------
    steps, rejected : int
        Tried, and of these refused by the error estimate.
    factorizations : int
    vanishing_pivots : int
        Factorizations whose static order met a vanishing pivot and were repaired.
    events : int
        Executions of events.
    """

    steps: int = 0
    rejected: int = 0
    factorizations: int = 0
    vanishing_pivots: int = 0
    events: int = 0


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Values over time.

    Attributes
    ----------
    model : Model
    times : array, shape (n_times,)
    values : array, shape (n_times, n_species)
        At the time of an intervention or event, the value after it.
    parameters : array, shape (n_times, n_parameters)
        As they stood at each time.
    end : array, shape (n_species,)
        The state at the last time.
    sensitivities : array, shape (n_times, n_species, n_sensitivities), or None
        Derivative of each value by each name of `sensitivity_names`.
    sensitivity_names : tuple of str
        Parameters by name; the initial value of a species by the name of the species.
    parameter_slopes : array, shape (n_times, n_sensitivities), or None
        How much of the parameter's value at the start its value at each time carries: 1 until an intervention sets
        it (0 from then on) or scales it.
    statistics : Statistics
    """

    model: Model
    times: np.ndarray
    values: np.ndarray
    parameters: np.ndarray
    end: np.ndarray
    sensitivities: np.ndarray | None = None
    sensitivity_names: tuple[str, ...] = ()
    parameter_slopes: np.ndarray | None = None
    statistics: Statistics = field(default_factory=Statistics)

    @property
    def species(self) -> tuple[str, ...]:
        """Names, in the order of the columns of `values`."""
        return self.model.species

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.model.species)}

    def __getitem__(self, name: str) -> np.ndarray:
        """A species, assignment or observable by name, shape (n_times,)."""
        place = self._places.get(name)
        if place is not None:
            return self.values[:, place]
        return self.observables([name])[:, 0]

    def observables(self, names: Sequence[str] | None = None) -> np.ndarray:
        """Species, assignments or observables by name (all observables by default), shape (n_times, n_names)."""
        names = tuple(self.model.observables) if names is None else checked_texts("names", names)
        return evaluate_names(self.model, names, self.times, self.values, self.parameters)

    def observable_sensitivities(self, names: Sequence[str] | None = None) -> np.ndarray:
        """Derivatives of observables, shape (n_times, n_names, n_sensitivities), by the chain rule."""
        if self.sensitivities is None or self.parameter_slopes is None:
            raise ValueError("this trajectory was run without sensitivities")
        names = tuple(self.model.observables) if names is None else checked_texts("names", names)
        formulas = [find_formula(self.model, name) for name in names]
        where = (self.times, self.values, self.parameters)
        by_species = evaluate_slopes(self.model, formulas, self.model.species, *where)
        result = by_species @ self.sensitivities
        for place, name in enumerate(self.sensitivity_names):
            if name in self.model.parameters:
                direct = evaluate_slopes(self.model, formulas, [name], *where)[..., 0]
                result[..., place] += direct * self.parameter_slopes[:, None, place]
        return result

    def to_dataframe(self) -> object:
        """Species over time as a pandas table, indexed by time."""
        import pandas

        return pandas.DataFrame(self.values, index=pandas.Index(self.times, name="time"), columns=list(self.species))
