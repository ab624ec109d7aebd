"""Search for second stable states: many parameter sets, each settled from very different starts.

Where there is one, the loops are cut one by one to see which of them makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.network import circuit
from pathway.network.loops import COMPARED, EXTREME_STARTS, RANDOM_STARTS
from pathway.scenario.laboratory import Laboratory
from pathway.simulation.steady import steady_states

from .draws import Progress
from .mistakes import unknown_name_error

_APART = 0.02


@dataclass(frozen=True, eq=False)
class StableStateSearch:
    """What a search for second stable states found.

    Attributes
    ----------
    condition : str
        In words: "untreated", "under trastuzumab 68.7 nM".
    members : int
        Parameter sets that could be settled.
    failed : int
    bistable : tuple of int
        Members with more than one stable state.
    states : mapping of member to array, shape (n_states, n_species)
        The stable states of these, by falling PTEN.
    loops : mapping of loop to int
        In how many of these the second state is lost when it is switched off.
    parameters : array, shape (n_members, n_parameters)
    """

    condition: str
    members: int
    failed: int
    bistable: tuple[int, ...]
    states: Mapping[int, np.ndarray]
    loops: Mapping[str, int]
    parameters: np.ndarray

    @property
    def fraction(self) -> float:
        """Share of members with more than one stable state."""
        return len(self.bistable) / max(self.members, 1)

    @property
    def upper_bound(self) -> float:
        """Upper end of the 95 % Clopper-Pearson interval of that share."""
        from scipy.special import betaincinv

        k, n = len(self.bistable), self.members
        return 1.0 if k == n else float(betaincinv(k + 1, n - k, 0.975 if k else 0.95))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "condition": self.condition,
            "members": self.members,
            "failed": self.failed,
            "bistable": len(self.bistable),
            "fraction": self.fraction,
            "fraction_upper_95": self.upper_bound,
            "lost_when_loop_is_cut": dict(self.loops),
        }


def search_stable_states(
    laboratory: Laboratory,
    parameters: np.ndarray,
    *,
    held: Mapping[str, float] | None = None,
    condition: str = "untreated",
    seed: int = 0,
    random_starts: int = 2,
    progress: Progress | None = None,
) -> StableStateSearch:
    """Settle every parameter set from very different starts and count its stable states.

    Parameters
    ----------
    laboratory : Laboratory
    parameters : array, shape (n_members, n_parameters)
    held : mapping of species to float, optional
        Drugs in the medium, at constant concentration.
    condition : str
        What that is, in words.
    seed, random_starts : int
        Starts beside the four extreme ones.
    progress : callable, optional

    Raises
    ------
    AnalysisError
        If a held species does not exist.
    """
    model = laboratory.model
    for name in held or {}:
        if name not in model.species:
            raise unknown_name_error("species", name, model.species)
    from pathway.simulation.prepared import prepare_model

    usual = prepare_model(model).many_starts(parameters)
    rng = np.random.default_rng(seed)
    kinds = ["usual", *EXTREME_STARTS, *["random"] * random_starts]
    settled = []
    for done, kind in enumerate(kinds):
        starts = _start(model.species, usual, kind, rng)
        for name, value in (held or {}).items():
            starts[:, model.species_index(name)] = value
        settled.append(steady_states(model, starts, parameters)[0])
        if progress:
            progress("starts", done + 1, len(kinds))
    ends = np.stack(settled, axis=1)
    usable = np.isfinite(ends).all(axis=(1, 2))
    states = {}
    for member in np.flatnonzero(usable):
        distinct = _distinct(model.species, ends[member])
        if len(distinct) > 1:
            states[int(member)] = distinct
    loops = {
        loop.name: _lost(laboratory, parameters, states, loop.switched_off)
        for loop in circuit().loops
        if loop.may_switch
    }
    return StableStateSearch(
        condition,
        int(usable.sum()),
        int((~usable).sum()),
        tuple(states),
        states,
        loops,
        parameters,
    )


def _start(species: tuple[str, ...], usual: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Starts of one kind for all members; conserved totals are kept."""
    starts = usual.copy()
    for factor, names in EXTREME_STARTS.get(kind, {}).items():
        starts[:, [species.index(name) for name in names]] *= factor
    if kind == "inactive PTEN":
        active, inactive = (species.index(name) for name in ("PTEN_active", "PTEN_phosphorylated"))
        starts[:, inactive] += usual[:, active] - starts[:, active]
    elif kind == "random":
        for name in RANDOM_STARTS:
            starts[:, species.index(name)] *= np.exp(rng.uniform(-4.0, 4.0, len(starts)))
    return starts


def _distinct(species: tuple[str, ...], states: np.ndarray) -> np.ndarray:
    """States that differ by more than `_APART` in one of the compared species, by falling active PTEN."""
    places = [species.index(name) for name in COMPARED]
    distinct: list[np.ndarray] = []
    for state in states:
        sizes = [np.maximum(np.abs(state[places]), np.abs(other[places])) + 1e-9 for other in distinct]
        gaps = [np.abs(state[places] - other[places]) / size for other, size in zip(distinct, sizes, strict=True)]
        if all(gap.max() > _APART for gap in gaps):
            distinct.append(state)
    distinct.sort(key=lambda state: -state[species.index("PTEN_active")])
    return np.array(distinct)


def _lost(
    laboratory: Laboratory, parameters: np.ndarray, states: Mapping[int, np.ndarray], cut: Mapping[str, float]
) -> int:
    """In how many members all states run into one when a loop is cut."""
    model, lost = laboratory.model, 0
    for member, own in states.items():
        values = parameters[member].copy()
        for name, value in cut.items():
            values[model.parameter_index(name)] = value
        again = steady_states(model, own, np.tile(values, (len(own), 1)))[0]
        lost += int(np.isfinite(again).all() and len(_distinct(model.species, again)) == 1)
    return lost
