"""Is resistance a switch? Search for a second stable state, say which loop makes it, and what flips it back.

Two independent looks: many parameter sets from the plausible ranges are settled from very different starts, and
branches of steady states are followed over the miR-21 drive, counting folds. Loops are then cut one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.scenario.laboratory import Laboratory
from pathway.simulation import Intervention, simulate_ensemble
from pathway.simulation.steady import steady_states

from .continuation import Branch, RestingSystem, follow, resting_system
from .draws import Progress
from .mistakes import AnalysisError

DRIVE = "miR21_extra_transcription"
"""The miR-21 drive: promoter activity that resistant cells have on top."""

LOOPS: Mapping[str, Mapping[str, float]] = {
    "B1": {"PTEN_autoactivation": 0.0},
    "B2": {"PDCD4_AP1_inhibition": 0.0},
    "B3": {"NFIB_repression": 0.0},
    "B4": {"AKT_to_inflammation": 0.0},
    "B5": {"IL6_to_inflammation": 0.0},
}
"""What cuts each positive feedback loop."""

LOOP_WORDS: Mapping[str, str] = {
    "B1": "active PTEN reactivates PTEN",
    "B2": "AP-1 makes miR-21, miR-21 lowers PDCD4, PDCD4 lowers AP-1",
    "B3": "miR-21 lowers NFIB, NFIB lowers miR-21",
    "B4": "AKT raises NF-kB/STAT3, which makes miR-21, which lowers PTEN, which lowers AKT",
    "B5": "NF-kB/STAT3 makes IL-6, IL-6 activates STAT3, STAT3 makes miR-21",
}

STRENGTH: Mapping[str, tuple[str, ...]] = {
    "B1": ("PTEN_autoactivation", "k_PTEN_phosphorylation"),
    "B2": ("PDCD4_AP1_inhibition", "miR21_promoter_AP1", "faster_decay"),
    "B3": ("NFIB_repression", "faster_decay"),
    "B4": ("AKT_to_inflammation", "miR21_promoter_inflammation", "faster_decay_PTEN"),
    "B5": ("IL6_to_inflammation", "miR21_promoter_inflammation"),
}
"""Gains of each loop, to be raised beyond the plausible where the question is how much would be needed."""

_COMPARED = (
    "miR21_RISC",
    "PTEN_active",
    "AKT_T308_S473",
    "PDCD4",
    "NFIB",
    "inflammation",
    "AP1",
    "PTEN_phosphorylated",
)
_APART = 0.02


@dataclass(frozen=True, eq=False)
class MemorySearch:
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
        In how many of these the second state is lost when the loop is cut.
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
        from scipy.stats import beta

        k, n = len(self.bistable), self.members
        return 1.0 if k == n else float(beta.ppf(0.975 if k else 0.95, k + 1, n - k))

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


def search(
    laboratory: Laboratory,
    parameters: np.ndarray,
    *,
    held: Mapping[str, float] | None = None,
    condition: str = "untreated",
    seed: int = 0,
    random_starts: int = 2,
    progress: Progress | None = None,
) -> MemorySearch:
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
        If a held species would not stay what it is.
    """
    model = laboratory.model
    for name in held or {}:
        if name not in model.species:
            raise AnalysisError(f"no species is called '{name}'")
    from pathway.simulation.prepared import prepare

    usual = prepare(model).many_starts(parameters)
    rng = np.random.default_rng(seed)
    kinds = ["usual", "resistant", "sensitive", "inactive PTEN", "inflamed", *["random"] * random_starts]
    settled = []
    for done, kind in enumerate(kinds):
        starts = _start(model.species, usual, kind, rng)
        for name, value in (held or {}).items():
            starts[:, model.species_index(name)] = value
        settled.append(steady_states(model, starts, parameters)[0])
        if progress:
            progress("starts", done + 1, len(kinds))
    found = np.stack(settled, axis=1)
    usable = np.isfinite(found).all(axis=(1, 2))
    states = {}
    for member in np.flatnonzero(usable):
        distinct = _distinct(model.species, found[member])
        if len(distinct) > 1:
            states[int(member)] = distinct
    loops = {loop: _lost(laboratory, parameters, states, cut) for loop, cut in LOOPS.items()}
    return MemorySearch(
        condition,
        int(usable.sum()),
        int((~usable).sum()),
        tuple(states),
        states,
        loops,
        parameters,
    )


def _start(species: tuple[str, ...], usual: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Starts far apart; conserved totals are kept."""
    made = usual.copy()
    at = {name: species.index(name) for name in species}

    def times(factor: float, *names: str) -> None:
        for name in names:
            made[:, at[name]] *= factor

    mirna = ("miR21_primary", "miR21_duplex", "miR21_RISC")
    if kind == "resistant":
        times(100.0, *mirna)
        times(0.01, "PDCD4", "PDCD4_mRNA", "NFIB", "PTEN_active", "PTEN_phosphorylated", "PTEN_mRNA")
        times(5.0, "inflammation", "IL6", "AP1", "PIP3")
    elif kind == "sensitive":
        times(0.001, *mirna)
        times(2.0, "PDCD4", "NFIB", "PTEN_active", "PTEN_mRNA")
        times(0.02, "inflammation", "IL6", "AP1", "PIP3", "PTEN_phosphorylated")
    elif kind == "inactive PTEN":
        made[:, at["PTEN_phosphorylated"]] += 0.999 * made[:, at["PTEN_active"]]
        times(0.001, "PTEN_active")
    elif kind == "inflamed":
        times(30.0, "inflammation", "IL6")
        times(0.1, "NFIB")
    elif kind == "random":
        for name in (*mirna, "PDCD4", "NFIB", "inflammation", "IL6", "AP1", "PTEN_active", "PTEN_phosphorylated"):
            made[:, at[name]] *= np.exp(rng.uniform(-4.0, 4.0, len(made)))
    return made


def _distinct(species: tuple[str, ...], states: np.ndarray) -> np.ndarray:
    """States that differ by more than `_APART` in one of the compared species, by falling active PTEN."""
    places = [species.index(name) for name in _COMPARED]
    kept: list[np.ndarray] = []
    for state in states:
        sizes = [np.maximum(np.abs(state[places]), np.abs(other[places])) + 1e-9 for other in kept]
        gaps = [np.abs(state[places] - other[places]) / size for other, size in zip(kept, sizes, strict=True)]
        if all(gap.max() > _APART for gap in gaps):
            kept.append(state)
    kept.sort(key=lambda state: -state[species.index("PTEN_active")])
    return np.array(kept)


def _lost(
    laboratory: Laboratory, parameters: np.ndarray, states: Mapping[int, np.ndarray], cut: Mapping[str, float]
) -> int:
    """In how many members all states run into one when a loop is cut."""
    model, lost = laboratory.model, 0
    for member, found in states.items():
        values = parameters[member].copy()
        for name, value in cut.items():
            values[model.parameter_index(name)] = value
        again = steady_states(model, found, np.tile(values, (len(found), 1)))[0]
        lost += int(np.isfinite(again).all() and len(_distinct(model.species, again)) == 1)
    return lost


def drive_branch(
    laboratory: Laboratory,
    parameters: np.ndarray,
    state: np.ndarray,
    parameter: str = DRIVE,
    low: float = 0.0,
    high: float = 10.0,
    held: Mapping[str, float] | None = None,
) -> tuple[RestingSystem, Branch]:
    """Steady states over the miR-21 drive (or another parameter), from one end of the range to the other.

    Parameters
    ----------
    laboratory : Laboratory
    parameters : array, shape (n_parameters,)
    state : array, shape (n_species,)
        Near a steady state at these parameters.
    parameter : str
        Or a species of `held`.
    low, high : float
    held : mapping of species to float, optional

    Raises
    ------
    AnalysisError
        If the branch cannot be followed.
    """
    from dataclasses import replace

    model = replace(laboratory.model, parameter_values=parameters)
    resting = resting_system(model, parameter, held)
    start = _at(resting, state, parameters, parameter, low, held or {})
    return resting, follow(resting.system, start, low, low, high)


def _at(
    resting: RestingSystem,
    state: np.ndarray,
    parameters: np.ndarray,
    parameter: str,
    value: float,
    held: Mapping[str, float],
) -> np.ndarray:
    """The steady state with the parameter at a value, reached by following the model itself."""
    model = resting.model
    values, start = parameters.copy(), state.copy()
    if parameter in model.parameters:
        values[model.parameter_index(parameter)] = value
    for name, amount in held.items():
        start[model.species_index(name)] = value if name == parameter else amount
    found, problems = steady_states(model, start[None], values[None])
    if problems:
        raise AnalysisError(f"no steady state at {parameter} = {value:g}: {problems[0]}")
    return resting.reduce(found[0])


@dataclass(frozen=True, eq=False)
class Hysteresis:
    """Readings while the drive is raised slowly and lowered again.

    Attributes
    ----------
    values : array, shape (k,)
    up, down : mapping of name to array, shape (k,)
    """

    values: np.ndarray
    up: Mapping[str, np.ndarray]
    down: Mapping[str, np.ndarray]

    def gap(self, name: str) -> float:
        """Largest relative difference between the way up and the way down."""
        up, down = self.up[name], self.down[name]
        return float(np.max(np.abs(up - down) / np.maximum(np.maximum(np.abs(up), np.abs(down)), 1e-12)))


def hysteresis(
    laboratory: Laboratory,
    parameters: np.ndarray,
    state: np.ndarray,
    values: Sequence[float] | np.ndarray,
    readings: Sequence[str],
    parameter: str = DRIVE,
    wait: float = 2000.0,
) -> Hysteresis:
    """Raise and lower a parameter step by step, waiting at each step, by simulation over time.

    Parameters
    ----------
    wait : float, hours
        At each value.
    """
    steps = np.concatenate([values, np.asarray(values)[::-1]])
    plan = [Intervention(float(k * wait), set={parameter: float(v)}) for k, v in enumerate(steps)]
    times = (np.arange(len(steps)) + 1.0) * wait - 1e-6
    run = simulate_ensemble(
        laboratory.model,
        times,
        parameters[None],
        start=state,
        interventions=plan,
        observables=tuple(readings),
        begin=0.0,
    )
    n = len(values)
    found = {name: run[name][0] for name in readings}
    return Hysteresis(
        np.asarray(values, dtype=float),
        {name: course[:n] for name, course in found.items()},
        {name: course[n:][::-1] for name, course in found.items()},
    )


def minimal_pulse(
    laboratory: Laboratory,
    parameters: np.ndarray,
    resistant: np.ndarray,
    sensitive: np.ndarray,
    *,
    species: str = "antimiR_lipoplex",
    highest: float = 1000.0,
    wait: float = 3000.0,
) -> float | None:
    """The smallest single dose of anti-miR, in nM, after which cells in the resistant state stay sensitive.

    Parameters
    ----------
    resistant, sensitive : array, shape (n_species,)
        The two stable states.
    highest : float
        Largest dose tried.
    wait : float, hours
        After which it is asked where the cells went.

    Returns
    -------
    float or None
        None if even the highest dose does not do it.
    """
    model = laboratory.model
    place = model.species_index("miR21_RISC")

    def flips(dose: float) -> bool:
        plan = [Intervention(0.0, add={species: dose})]
        run = simulate_ensemble(model, [0.0, wait], parameters[None], start=resistant, interventions=plan)
        end = run.values[0, -1, place]
        return abs(np.log(end / sensitive[place])) < abs(np.log(end / resistant[place]))

    if not flips(highest):
        return None
    low, high = np.log(1e-3), np.log(highest)
    while high - low > 0.02:
        middle = (low + high) / 2.0
        low, high = (low, middle) if flips(float(np.exp(middle))) else (middle, high)
    return float(np.exp(high))


def strengthened(laboratory: Laboratory, parameters: np.ndarray, loop: str, factor: float) -> np.ndarray:
    """Parameter sets with every gain of a loop multiplied."""
    made = parameters.copy()
    for name in STRENGTH[loop]:
        made[:, laboratory.model.parameter_index(name)] *= factor
    return made
