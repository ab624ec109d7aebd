"""`Trajectory`: what a run gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.extras import pandas, xarray
from pathway.notebook import html_card, listed

from .checks import checked_texts
from .formulas import evaluate_derivatives, evaluate_names, find_formula


@dataclass(frozen=True, eq=False)
class RunStatistics:
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
    statistics : RunStatistics
    """

    model: Model
    times: np.ndarray
    values: np.ndarray
    parameters: np.ndarray
    end: np.ndarray
    sensitivities: np.ndarray | None = None
    sensitivity_names: tuple[str, ...] = ()
    parameter_slopes: np.ndarray | None = None
    statistics: RunStatistics = field(default_factory=RunStatistics)

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
        by_species = evaluate_derivatives(self.model, formulas, self.model.species, *where)
        result = by_species @ self.sensitivities
        for place, name in enumerate(self.sensitivity_names):
            if name in self.model.parameters:
                direct = evaluate_derivatives(self.model, formulas, [name], *where)[..., 0]
                result[..., place] += direct * self.parameter_slopes[:, None, place]
        return result

    def to_dataframe(self, names: str | Sequence[str] | None = None) -> Any:
        """A pandas table indexed by time: what is named, or all species.

        Raises
        ------
        UnknownNameError
            If nothing has such a name.
        ImportError
            Where pandas is not installed.
        """
        names = self.species if names is None else checked_texts("names", names)
        table = pandas().DataFrame({name: self[name] for name in names}, index=pandas().Index(self.times, name="time"))
        table.attrs["units"] = {name: self.model.units.get(name, "") for name in names}
        return table

    def to_xarray(self, names: str | Sequence[str] | None = None) -> Any:
        """A data set over time: what is named, or all species, each with its unit among its attributes.

        Raises
        ------
        UnknownNameError
            If nothing has such a name.
        ImportError
            Where xarray is not installed; the line names the extra.
        """
        names = self.species if names is None else checked_texts("names", names)
        variables = {name: ("time", self[name], {"units": self.model.units.get(name, "")}) for name in names}
        coordinates = {"time": ("time", self.times, {"units": self.model.time_unit})}
        return xarray().Dataset(variables, coordinates, {"model": self.model.name})

    def __repr__(self) -> str:
        unit = f" {self.model.time_unit}" if self.model.time_unit else ""
        moments = f"{len(self.times)} times from {self.times[0]:g} to {self.times[-1]:g}{unit}"
        slopes = f", slopes by {listed(self.sensitivity_names, 3)}" if self.sensitivities is not None else ""
        return f"<Trajectory of '{self.model.name}': {moments}, {len(self.species)} species{slopes}>"

    def _repr_html_(self) -> str:
        names = tuple(self.model.observables) or self.species
        courses = {name: self[name] for name in names}
        rows = [[n, c[0], c[-1], c.min(), c.max(), self.model.units.get(n, "")] for n, c in courses.items()]
        header = ["", "start", "end", "least", "most", "unit"]
        return html_card(repr(self).strip("<>"), (), [(header, [[r[0], *map(float, r[1:5]), r[5]] for r in rows])])
