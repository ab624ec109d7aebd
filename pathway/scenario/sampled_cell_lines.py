"""Cell lines under many parameter sets at once: draws from the ranges, or the members of an ensemble.

Where the sets come from is one question (`ParameterSets`), what becomes of a line under them another: what is anchored
in a parental line is found anew in every member, so that each still divides at its line's doubling time and counts PTEN
in units of its own untreated level; a resistant line takes over its parent's anchors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pathway import parameters
from pathway.equations import Model
from pathway.errors import InputError
from pathway.network import circuit
from pathway.parameters import CellLine
from pathway.parameters.parameter_ensemble import INDICATOR, ParameterEnsemble
from pathway.parameters.ranges import is_uncertain, values_at_quantiles
from pathway.simulation.anchor_members import solve_anchors_of_members

from .ensemble_result import EnsembleOrigin
from .laboratory import Laboratory

PRECISION = 1e-6
"""Relative distance of drawn cells from what they are anchored to."""


@dataclass(frozen=True, eq=False)
class ParameterSets:
    """Where the numbers of many members come from.

    Attributes
    ----------
    origin : EnsembleOrigin
    weights : array, shape (n_members,)
        They add up to 1.
    values_of : callable (line) -> array, shape (n_members, n_parameters)
        Before anything is anchored; anchored parameters stand where the search for them begins.
    remark : str
        What has changed since they were made; empty if nothing has.
    """

    origin: EnsembleOrigin
    weights: np.ndarray
    values_of: Callable[[CellLine], np.ndarray]
    remark: str = ""

    def __len__(self) -> int:
        return len(self.weights)

    def part(self, rows: slice) -> ParameterSets:
        """Some of the sets, with their own weights."""
        return replace(self, weights=self.weights[rows], values_of=lambda line: self.values_of(line)[rows])

    def repeated(self, count: int) -> ParameterSets:
        """So many sets of equal weight, each as often as its own weight says, by systematic resampling."""
        rows = systematic_resampling(self.weights, count)
        weights = np.full(count, 1.0 / max(count, 1))
        return replace(self, weights=weights, values_of=lambda line: self.values_of(line)[rows])


# Draws from the ranges.


def parameter_sets_from_ranges(model: Model, seed: int, numbers: Sequence[int]) -> ParameterSets:
    """Draws from the parameters' plausible ranges.

    Parameters
    ----------
    model : Model
    seed : int
    numbers : sequence of int
        Which draws; a draw depends on the seed and its number alone.

    Notes
    -----
    One quantile for each parameter and draw, the same in all lines, placed in the range of the line (uniform in the
    logarithm where the range is positive). What a scenario sets (a mutation, an extra miRNA) is no uncertain constant:
    it keeps its value.
    """
    n = len(model.parameters)
    quantiles = np.array([np.random.default_rng([seed, number]).random(n) for number in numbers]).reshape(-1, n)

    def values_of(line: CellLine) -> np.ndarray:
        rows = np.empty_like(quantiles)
        for place, name in enumerate(model.parameters):
            entry = line.entries[name]
            rows[:, place] = entry.value
            if is_uncertain(entry):
                rows[:, place] = values_at_quantiles(quantiles[:, place], *entry.range)
        return rows

    weights = np.full(len(quantiles), 1.0 / max(len(quantiles), 1))
    return ParameterSets(EnsembleOrigin("prior", f"seed {seed}, draws {_spans(numbers)}"), weights, values_of)


def _spans(numbers: Sequence[int]) -> str:
    """ "0 to 199"; with what is left out where they do not follow each other: "0 to 205 without 3, 17"."""
    if not len(numbers):
        return "none"
    missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
    span = f"{numbers[0]} to {numbers[-1]}"
    return f"{span} without {', '.join(map(str, missing))}" if missing else span


# Members of an ensemble.


def parameter_sets_of_ensemble(
    model: Model,
    ensemble: ParameterEnsemble,
    weights: np.ndarray,
    count: int | None = None,
    origin: EnsembleOrigin | None = None,
) -> ParameterSets:
    """Members of an ensemble.

    Parameters
    ----------
    model : Model
    ensemble : ParameterEnsemble
    weights : array, shape (n_members,)
        Which of its weights count, or others made from its likelihoods. Members of weight 0 are left out.
    count : int, optional
        At most so many members, chosen by systematic resampling; default: all.
    origin : EnsembleOrigin, optional
    """
    rows, own = resampled_members(weights, count)
    values = ensemble.values[rows]
    origin = origin or EnsembleOrigin("calibrated", ensemble.digest)
    return ParameterSets(origin, own, partial(_line_values, model, ensemble, values), ensemble.remark)


def parameter_sets_of_prior_draws(model: Model, ensemble: ParameterEnsemble, count: int | None = None) -> ParameterSets:
    """The draws before any data that an ensemble carries."""
    n = len(ensemble.prior_values)
    rows, own = resampled_members(np.full(n, 1.0 / n), count)
    values = ensemble.prior_values[rows]
    return ParameterSets(EnsembleOrigin("prior", ensemble.digest), own, partial(_line_values, model, ensemble, values))


def resampled_members(weights: np.ndarray, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    """At most `count` members and their weights, by systematic resampling: member k stands in the sample about as often
    as its weight says, to within one. Where they are few enough, all of them with their own weights.

    Returns
    -------
    members : int array, ascending
    weights : array
        They add up to 1.
    """
    living = np.flatnonzero(weights > 0.0)
    if count is None or len(living) <= count:
        return living, weights[living] / weights[living].sum()
    members, times = np.unique(systematic_resampling(weights, count), return_counts=True)
    return members, times / count


def systematic_resampling(weights: np.ndarray, count: int) -> np.ndarray:
    """`count` members, ascending, each as often as its weight says, to within one."""
    ends = np.cumsum(weights)
    return np.searchsorted(ends, (np.arange(count) + 0.5) / max(count, 1) * ends[-1], side="right")


def _line_values(model: Model, ensemble: ParameterEnsemble, values: np.ndarray, line: CellLine) -> np.ndarray:
    """A line's numbers in each member, shape (n_members, n_parameters)."""
    rows = np.tile([line.entries[name].value for name in model.parameters], (len(values), 1))
    ancestry = list(_ancestry(line))
    for place, name in enumerate(model.parameters):
        column = _column(ensemble.places, ancestry, name)
        if column is not None:
            rows[:, place] = values[:, column]
    for name, column in ensemble.places.items():
        if name.startswith(INDICATOR):
            off = values[:, column] < 0.5
            for parameter, value in _switched_off(name.removeprefix(INDICATOR)).items():
                rows[off, model.parameter_index(parameter)] = value
    return rows


def _ancestry(line: CellLine) -> Iterator[CellLine]:
    """A line, its parent, and so on."""
    yield line
    while line.parent is not None:
        own_file = line.parent.endswith(".toml")
        line = parameters.cell_line_file(line.parent) if own_file else parameters.cell_line(line.parent)
        yield line


def _column(places: Mapping[str, int], ancestry: Sequence[CellLine], name: str) -> int | None:
    """The column that gives a parameter of a line; None where a file of the line or of an ancestor states it."""
    for line in ancestry:
        built_in = not line.files
        if built_in and f"{line.name}.{name}" in places:
            return places[f"{line.name}.{name}"]
        if name in line.own:
            return None
    return places.get(name)


def _switched_off(parameter: str) -> Mapping[str, float]:
    """What switches off the loop that a parameter carries."""
    return next(loop.switched_off for loop in circuit().loops if parameter in loop.switched_off)


# What becomes of cells.


class CellLineMembers(NamedTuple):
    """A cell line in every member.

    Attributes
    ----------
    parameters : array, shape (n_members, n_parameters)
    states : array, shape (n_members, n_species)
        Untreated steady states; nan of members that are not alive.
    alive : bool array, shape (n_members,)
        Whether there are such cells.
    """

    parameters: np.ndarray
    states: np.ndarray
    alive: np.ndarray


@dataclass(eq=False)
class SampledCellLines:
    """The cell lines of a laboratory under many parameter sets; each line is worked out when first asked for."""

    laboratory: Laboratory
    sets: ParameterSets
    _lines: dict[tuple[str, Path], CellLineMembers] = field(default_factory=dict)
    _reasons: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.sets)

    def line(self, name: str, folder: Path = Path()) -> CellLineMembers:
        """A line of the laboratory, or a file in the folder.

        Raises
        ------
        ParameterError, UnknownNameError
            If there is no such line.
        InputError
            If the laboratory does not know where the numbers of its lines are from.
        """
        key = (name, folder)
        if key not in self._lines:
            if self.laboratory.line_of is None:
                raise InputError(
                    "an ensemble needs cell lines whose every number has a source; this laboratory has none"
                )
            self._lines[key] = self._worked_out(self.laboratory.line_of(name, folder), folder)
        return self._lines[key]

    def reason(self, member: int) -> str:
        """Why a member gives no living cells in one of the lines asked for."""
        return self._reasons.get(member, "")

    def _worked_out(self, line: CellLine, folder: Path) -> CellLineMembers:
        model, values = self.laboratory.model, self.sets.values_of(line)
        alive = np.ones(len(values), dtype=bool)
        if line.parent is not None:
            parent = self.line(line.parent, folder)
            inherited = [a for a in parameters.anchors() if line.entries[a.parameter].source == parameters.ANCHORED]
            places = [model.parameter_index(anchor.parameter) for anchor in inherited]
            values[:, places] = parent.parameters[:, places]
            alive &= parent.alive
        goals = {a.parameter: (a.quantity, a.target) for a in parameters.anchors_solved_in_line(line)}
        states = np.full((len(values), len(model.species)), np.nan)
        where = np.flatnonzero(alive)
        solutions = solve_anchors_of_members(model, goals, values[where], tolerance=PRECISION)
        values[where], states[where] = solutions.parameters, solutions.states
        for member, reason in solutions.missed.items():
            alive[where[member]] = False
            self._reasons.setdefault(int(where[member]), f"{line.name}: {reason}")
        return CellLineMembers(values, states, alive)


def with_anchored_parameters(laboratory: Laboratory, ensemble: ParameterEnsemble) -> ParameterEnsemble:
    """The ensemble with what is anchored in each built-in parental line, so that a run need not search for it.

    Members in which a line is not alive keep the line's own number.
    """
    cells = SampledCellLines(
        laboratory, parameter_sets_of_ensemble(laboratory.model, ensemble, np.full(len(ensemble), 1.0))
    )
    names, columns = [], []
    for line in map(parameters.cell_line, parameters.cell_lines()):
        for anchor in parameters.anchors_solved_in_line(line):
            name = f"{line.name}.{anchor.parameter}"
            if name not in ensemble.places:
                names.append(name)
                columns.append(cells.line(line.name).parameters[:, laboratory.model.parameter_index(anchor.parameter)])
    if not names:
        return ensemble
    more = np.stack(columns, axis=1)
    usual = [parameters.cell_line(n.partition(".")[0]).entries[n.partition(".")[2]].value for n in names]
    prior = ensemble.prior_values
    return replace(
        ensemble,
        names=(*ensemble.names, *names),
        values=np.concatenate([ensemble.values, more], axis=1),
        prior_values=np.concatenate([prior, np.tile(usual, (len(prior), 1))], axis=1) if len(prior) else prior,
        chosen=np.zeros(0),
    )
