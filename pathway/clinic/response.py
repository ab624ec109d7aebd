"""How the cells of each woman grow at each concentration of trastuzumab: the response surface of her tumor.

Trastuzumab changes over weeks, the circuit settles within days: growth follows the concentration as at rest. The
surface is computed with the circuit itself, at concentrations that are held, and interpolated between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import PchipInterpolator

from pathway.equations import Model
from pathway.equations.held import with_held_species
from pathway.expressions.arrays import evaluate_arrays
from pathway.network.loops import MIR21_TO_PTEN
from pathway.parameters import CellLine
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.sampled_cell_lines import ParameterSets, SampledCellLines
from pathway.simulation.formulas import find_formula, values_by_symbol
from pathway.simulation.steady import steady_states

TRASTUZUMAB = "trastuzumab"
CONCENTRATIONS = np.array([0.0, 0.3, 1.0, 3.0, 10.0, 40.0, 160.0, 640.0])
"""nM at which growth is computed; plasma at 200 mg/L is 1,400 nM, of which a tumor holds a tenth to a third."""

MARKERS: Mapping[str, str] = {"miR21": "miR21", "PTEN": "PTEN", "HER2": "HER2_total"}
"""What a biopsy reads, and the observable behind it; each relative to the same member's cells without traits."""

LEAST_GROWTH = 0.1
"""Untreated growth over that of the same member's cells without traits, below which a woman is left out and counted:
what a drug does to cells that hardly grow is no multiple of their growth."""

_READ = ("growth_rate", "HER2_trastuzumab", "HER2_on_surface")


@dataclass(frozen=True, eq=False)
class GrowthSurface:
    """Growth and binding against trastuzumab, of each woman under one treatment.

    Attributes
    ----------
    growth : array, shape (n_women, n_concentrations)
        Growth rate over that of the same woman's untreated cells.
    occupancy : array, shape (n_women, n_concentrations)
        Share of surface HER2 that is bound.
    """

    growth: np.ndarray
    occupancy: np.ndarray

    def at(self, concentrations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Growth and occupancy at each woman's own concentrations, nM, shape (n_women, n_times) each."""
        return _interpolated(self.growth, concentrations), _interpolated(self.occupancy, concentrations)


def _interpolated(values: np.ndarray, concentrations: np.ndarray) -> np.ndarray:
    """Monotone cubic in ln(1 + concentration / 1 nM), flat beyond the last."""
    knots = np.log1p(CONCENTRATIONS)
    at = np.clip(np.log1p(np.maximum(concentrations, 0.0)), 0.0, knots[-1])
    pieces = PchipInterpolator(knots, values, axis=1).c  # (4, n_pieces, n_women)
    place = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    since = at - knots[place]
    women = np.arange(len(values))[:, None]
    interpolated = pieces[0, place, women]
    for power in range(1, 4):
        interpolated = interpolated * since + pieces[power, place, women]
    return interpolated


@dataclass(frozen=True, eq=False)
class TumorCells:
    """The cells of tumors before traits, in every member of an ensemble.

    Attributes
    ----------
    model : Model
        The circuit with held medium.
    weights : array, shape (n_members,)
    parameters : array, shape (n_members, n_parameters)
    states : array, shape (n_members, n_species)
    growth : array, shape (n_members,), 1/h
    markers : mapping of marker to array, shape (n_members,)
    """

    model: Model
    weights: np.ndarray
    parameters: np.ndarray
    states: np.ndarray
    growth: np.ndarray
    markers: Mapping[str, np.ndarray]


HELD = ("trastuzumab", "pertuzumab", "lapatinib", "buparlisib", "alpelisib", "AKT_inhibitor", "MEK_inhibitor")
"""Drugs that a tumor meets at a concentration that is given."""


def tumor_cells(laboratory: Laboratory, sets: ParameterSets, cells: str, *, edge: bool) -> TumorCells:
    """The cells of a line in every member that has living ones.

    Parameters
    ----------
    laboratory : Laboratory
    sets : ParameterSets
    cells : str
        A cell line.
    edge : bool
        False cuts the edge from miR-21 to PTEN, before PTEN is anchored anew: untreated cells keep their PTEN.
    """
    circuit = laboratory.model
    asked = sets if edge else _without_edge(circuit, sets)
    line = SampledCellLines(laboratory, asked).line(cells)
    model = with_held_species(circuit, HELD)
    living = line.alive
    held = np.zeros((int(living.sum()), len(model.parameters) - len(circuit.parameters)))
    places = [circuit.species_index(name) for name in model.species]
    parameters, states = np.concatenate([line.parameters[living], held], axis=1), line.states[living][:, places]
    weights = sets.weights[living] / sets.weights[living].sum()
    (growth,) = _read(model, ("growth_rate",), parameters, states)
    return TumorCells(model, weights, parameters, states, growth, _markers(model, parameters, states))


def _without_edge(model: Model, sets: ParameterSets) -> ParameterSets:
    def values_of(line: CellLine) -> np.ndarray:
        values = sets.values_of(line).copy()
        for name, value in MIR21_TO_PTEN.items():
            values[:, model.parameter_index(name)] = value
        return values

    return replace(sets, values_of=values_of)


def _read(model: Model, names: Sequence[str], parameters: np.ndarray, states: np.ndarray) -> list[np.ndarray]:
    formulas = [find_formula(model, name) for name in names]
    known = values_by_symbol(model, formulas, np.array(model.start_time), states, parameters)
    return [np.broadcast_to(column, len(parameters)) for column in evaluate_arrays(formulas, known)]


def _markers(model: Model, parameters: np.ndarray, states: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip(MARKERS, _read(model, list(MARKERS.values()), parameters, states), strict=True))


@dataclass(frozen=True, eq=False)
class TumorResponses:
    """The tumors of some women: what a biopsy would read, and growth against trastuzumab under each treatment.

    Attributes
    ----------
    markers : mapping of marker to array, shape (n_women,)
        Relative to the member's cells without traits.
    surfaces : tuple of GrowthSurface
        One for each treatment.
    failed : bool array, shape (n_women,)
        Women whose cells have no untreated steady state, or hardly grow (`LEAST_GROWTH`).
    """

    markers: Mapping[str, np.ndarray]
    surfaces: tuple[GrowthSurface, ...]
    failed: np.ndarray


def tumor_responses(
    cells: TumorCells,
    members: np.ndarray,
    parameters: np.ndarray,
    treatments: Sequence[Mapping[str, float]],
    exposures: Sequence[Mapping[str, float]],
) -> TumorResponses:
    """Growth surfaces of women.

    Parameters
    ----------
    cells : TumorCells
    members : int array, shape (n_women,)
        Whose cells each woman's tumor is made of.
    parameters : array, shape (n_women, n_parameters)
        Of `cells.model`, with traits.
    treatments : sequence of mapping of parameter to factor
        What a treatment changes for good.
    exposures : sequence of mapping of agent's species to nM
        What is held beside trastuzumab.
    """
    model = cells.model
    states, _ = steady_states(model, cells.states[members], parameters)
    (untreated,) = _read(model, ("growth_rate",), parameters, states)
    markers = {n: v / cells.markers[n][members] for n, v in _markers(model, parameters, states).items()}
    surfaces = tuple(
        _surface(model, parameters, states, untreated, changes, held)
        for changes, held in zip(treatments, exposures, strict=True)
    )
    failed = ~(untreated > LEAST_GROWTH * cells.growth[members])
    for surface in surfaces:
        failed |= ~(np.isfinite(surface.growth).all(axis=1) & np.isfinite(surface.occupancy).all(axis=1))
    return TumorResponses(markers, surfaces, failed)


def _surface(
    model: Model,
    parameters: np.ndarray,
    states: np.ndarray,
    untreated: np.ndarray,
    changes: Mapping[str, float],
    held: Mapping[str, float],
) -> GrowthSurface:
    """From the lowest concentration up, each from the state at the one before."""
    rows = parameters.copy()
    for name, factor in changes.items():
        rows[:, model.parameter_index(name)] *= factor
    for name, amount in held.items():
        rows[:, model.parameter_index(name)] = amount
    growth, occupancy = [], []
    for concentration in CONCENTRATIONS:
        rows[:, model.parameter_index(TRASTUZUMAB)] = concentration
        if concentration > 0.0 or changes or held:
            alive = np.flatnonzero(np.isfinite(states).all(axis=1))
            settled = np.full_like(states, np.nan)
            if len(alive):
                settled[alive], _ = steady_states(model, states[alive], rows[alive])
            states = settled
        rate, bound, surface = _read(model, _READ, rows, states)
        growth.append(rate / untreated)
        occupancy.append(bound / surface)
    return GrowthSurface(np.stack(growth, axis=1), np.stack(occupancy, axis=1))
