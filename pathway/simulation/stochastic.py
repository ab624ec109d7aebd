"""Single molecules: exact and tau-leaping simulation of a few species, driven by the deterministic rest.

The chosen species are counted; everything else enters as an input over time, constant between the times given. A
species counted in units other than molecules is told how many molecules make one unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numba
import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.errors import InputError
from pathway.expressions import number, symbols
from pathway.kernels import CompiledModel, calls, compile_model

from .threads import map_on_threads
from .trajectory import Trajectory


class StochasticError(InputError):
    """A model or a choice of species that cannot be counted in molecules."""


@dataclass(frozen=True, eq=False)
class StochasticModel:
    """Counted species, their reactions, and the inputs from outside.

    Attributes
    ----------
    species : tuple of str
    reactions : tuple of str
    changes : int array, shape (n_reactions, n_species)
    copies : array, shape (n_species,)
        Molecules per unit of the model.
    inputs : tuple of str
        Names that the rates need besides the counted species and time.
    rates : CompiledModel
        With the rates of the reactions, per unit of time, as its observables and the inputs as its parameters.
    sizes : array, shape (n_reactions,)
        Molecules per unit of what each reaction changes.
    """

    species: tuple[str, ...]
    reactions: tuple[str, ...]
    changes: np.ndarray
    copies: np.ndarray
    inputs: tuple[str, ...]
    rates: CompiledModel
    sizes: np.ndarray


@dataclass(frozen=True, eq=False)
class SimulatedCells:
    """Counts of many cells over time.

    Attributes
    ----------
    species : tuple of str
    times : array, shape (n_times,)
    counts : int array, shape (n_cells, n_times, n_species)
    copies : array, shape (n_species,)
        Molecules per unit of the model.
    """

    species: tuple[str, ...]
    times: np.ndarray
    counts: np.ndarray
    copies: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        """Counts of one species, shape (n_cells, n_times)."""
        return self.counts[:, :, self.species.index(name)]

    def amounts(self, name: str) -> np.ndarray:
        """The same in units of the model."""
        return self[name] / self.copies[self.species.index(name)]


def stochastic_model(
    model: Model, species: Sequence[str], copies: Mapping[str, float] | None = None
) -> StochasticModel:
    """The reactions among chosen species, to be simulated molecule by molecule.

    Parameters
    ----------
    model : Model
    species : sequence of str
        To be counted; the rest of the model becomes inputs.
    copies : mapping of species name to float, optional
        Molecules per unit, where the model's unit is not molecules.

    Raises
    ------
    StochasticError
        If a species is unknown or has a rate rule, or a stoichiometry is not a whole number.
    """
    for name in species:
        if name not in model.species:
            raise StochasticError(f"'{model.name}' has no species '{name}'")
        if name in model.rate_rules or name in model.algebraic:
            raise StochasticError(f"'{name}' follows a rule, not reactions, and cannot be counted")
    scale = np.array([float((copies or {}).get(name, 1.0)) for name in species])
    chosen = [r for r in model.rates if any(r in model.stoichiometry.get(n, {}) for n in species)]
    changes = np.zeros((len(chosen), len(species)), dtype=np.int64)
    for column, name in enumerate(species):
        for reaction, factor in model.stoichiometry.get(name, {}).items():
            if factor.operator != "number" or float(factor.value) != int(float(factor.value)):  # type: ignore[arg-type]
                raise StochasticError(f"reaction '{reaction}' changes '{name}' by something other than a whole number")
            changes[chosen.index(reaction), column] = int(float(factor.value))  # type: ignore[arg-type]
    sizes = np.array([_size(chosen[k], changes[k], scale, species) for k in range(len(chosen))])
    rates = model.closed([model.rates[r] for r in chosen])
    used = frozenset().union(*(symbols(rate) for rate in rates)) if rates else frozenset()
    inputs = tuple(sorted(used - set(species) - {TIME}))
    counted = Model(
        name=model.name,
        species=tuple(species),
        parameters=inputs,
        parameter_values=np.zeros(len(inputs)),
        initial={name: number(0.0) for name in species},
        observables={f"propensity {k}": rate for k, rate in enumerate(rates)},
    )
    compiled = compile_model(counted, 1, ("observables",))
    return StochasticModel(tuple(species), tuple(chosen), changes, scale, inputs, compiled, sizes)


def _size(reaction: str, change: np.ndarray, scale: np.ndarray, species: Sequence[str]) -> float:
    touched = np.flatnonzero(change)
    if len(set(scale[touched])) > 1:
        names = ", ".join(species[int(i)] for i in touched)
        raise StochasticError(f"reaction '{reaction}' joins {names}, whose units hold different numbers of molecules")
    return float(scale[touched[0]])


def simulate_cells(
    parts: StochasticModel,
    times: Sequence[float] | np.ndarray,
    start: Sequence[int] | np.ndarray,
    inputs: Mapping[str, float | np.ndarray] | Trajectory,
    n_cells: int,
    *,
    seed: int = 0,
    method: str = "exact",
    leap: float = 0.03,
    workers: int | None = None,
) -> SimulatedCells:
    """Many cells, each with its own chance events.

    Parameters
    ----------
    parts : StochasticModel
    times : array, shape (n_times,)
        Ascending; counts are recorded there, and inputs change there.
    start : int array, shape (n_species,) or (n_cells, n_species)
        Counts at the first time.
    inputs : Trajectory over the same times, or mapping of name to a number or array of shape (n_times,)
        Held from each time to the next at the mean of both.
    n_cells : int
    seed : int
        Each cell has a stream of its own, so results do not depend on the number of workers.
    method : "exact" or "leap"
        Gillespie's direct method, or tau-leaping.
    leap : float
        Largest relative change of a propensity within one leap.
    workers : int, optional

    Returns
    -------
    SimulatedCells

    Notes
    -----
    Gillespie 1977, doi 10.1021/j100540a008; Cao, Gillespie and Petzold 2006, doi 10.1063/1.2159468.
    """
    if method not in ("exact", "leap"):
        raise StochasticError(f"method '{method}': use 'exact' or 'leap'")
    times = np.asarray(times, dtype=float)
    if times.ndim != 1 or len(times) < 2 or (np.diff(times) <= 0).any():
        raise StochasticError("times must be at least two rising numbers")
    first = np.ascontiguousarray(np.broadcast_to(start, (n_cells, len(parts.species))), dtype=np.int64)
    driven = _held(parts, times, inputs)
    seeds = np.random.SeedSequence(seed).generate_state(n_cells, dtype=np.uint32)
    counts = np.zeros((n_cells, len(times), len(parts.species)), dtype=np.int64)
    rates = parts.rates
    codes = rates.address("prepare"), rates.address("observables")
    epsilon = leap if method == "leap" else 0.0

    def run(members: np.ndarray) -> None:
        _run_cells(
            members, seeds, times, driven, first, parts.changes, parts.copies, parts.sizes, epsilon, counts,
            *codes, np.zeros(rates.parameter_slots),
        )  # fmt: skip

    workers = workers or _default_workers()
    chunks = [chunk for chunk in np.array_split(np.arange(n_cells), max(1, 4 * workers)) if len(chunk)]
    if workers == 1:
        for chunk in chunks:
            run(chunk)
    else:
        list(map_on_threads(run, chunks, workers))
    return SimulatedCells(parts.species, times, counts, parts.copies)


def _default_workers() -> int:
    import os

    return os.cpu_count() or 1


def _held(
    parts: StochasticModel, times: np.ndarray, inputs: Mapping[str, float | np.ndarray] | Trajectory
) -> np.ndarray:
    """Inputs of each interval, shape (n_times - 1, n_inputs)."""
    held = np.zeros((len(times) - 1, len(parts.inputs)))
    for column, name in enumerate(parts.inputs):
        if isinstance(inputs, Trajectory):
            model = inputs.model
            course = inputs.parameters[:, model.parameters.index(name)] if name in model.parameters else inputs[name]
        elif name not in inputs:
            raise StochasticError(f"the input '{name}' is missing")
        else:
            course = np.broadcast_to(np.asarray(inputs[name], dtype=float), len(times))
        if len(course) != len(times):
            raise StochasticError(f"the input '{name}' has {len(course)} values for {len(times)} times")
        held[:, column] = (course[1:] + course[:-1]) / 2.0
    return held


@numba.njit(cache=True, nogil=True)
def _propensities(counts, copies, rates, time, inputs, sizes, amounts, out):  # type: ignore[no-untyped-def]
    for i in range(len(counts)):
        amounts[i] = counts[i] / copies[i]
    calls.right_hand_side(rates, time, amounts, inputs, out)
    total = 0.0
    for k in range(len(out)):
        # A rate in units of the model, times molecules per unit.
        out[k] = max(out[k] * sizes[k], 0.0)
        total += out[k]
    return total


@numba.njit(cache=True, nogil=True)
def _pick(propensities, total):  # type: ignore[no-untyped-def]
    goal = np.random.random() * total
    passed = 0.0
    for k in range(len(propensities)):
        passed += propensities[k]
        if passed > goal:
            return k
    return len(propensities) - 1


@numba.njit(cache=True, nogil=True)
def _leap_length(counts, changes, propensities, critical, epsilon):  # type: ignore[no-untyped-def]
    """Longest time in which no propensity should change by more than epsilon (second-order dependence assumed)."""
    longest = np.inf
    for i in range(len(counts)):
        drift = 0.0
        noise = 0.0
        for k in range(len(propensities)):
            if not critical[k] and changes[k, i] != 0:
                drift += changes[k, i] * propensities[k]
                noise += changes[k, i] ** 2 * propensities[k]
        allowed = max(epsilon * counts[i] / 2.0, 1.0)
        if drift != 0.0:
            longest = min(longest, allowed / abs(drift))
        if noise > 0.0:
            longest = min(longest, allowed**2 / noise)
    return longest


@numba.njit(cache=True, nogil=True)
def _mark_critical(counts, changes, propensities, critical):  # type: ignore[no-untyped-def]
    """Reactions that could use up a reactant within ten firings; they happen one at a time."""
    for k in range(len(propensities)):
        critical[k] = False
        for i in range(len(counts)):
            if changes[k, i] < 0 and counts[i] < -10 * changes[k, i]:
                critical[k] = propensities[k] > 0.0


@numba.njit(cache=True, nogil=True)
def _leap(counts, changes, propensities, critical, length, trial):  # type: ignore[no-untyped-def]
    """Tries a leap; False if a count would become negative."""
    trial[:] = counts
    for k in range(len(propensities)):
        if not critical[k] and propensities[k] > 0.0:
            firings = np.random.poisson(propensities[k] * length)
            for i in range(len(counts)):
                trial[i] += changes[k, i] * firings
    for i in range(len(counts)):
        if trial[i] < 0:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _interval(  # type: ignore[no-untyped-def]
    counts, duration, time, inputs, changes, copies, rates, sizes, epsilon, amounts, out, critical, trial
):
    """From one recorded time to the next, with time and inputs held."""
    elapsed = 0.0
    exact_steps = 0
    while True:
        total = _propensities(counts, copies, rates, time, inputs, sizes, amounts, out)
        if total <= 0.0:
            return
        if epsilon > 0.0 and exact_steps == 0:
            _mark_critical(counts, changes, out, critical)
            length = _leap_length(counts, changes, out, critical, epsilon)
            if length < 10.0 / total:
                exact_steps = 100
                continue
            risky = 0.0
            for k in range(len(out)):
                if critical[k]:
                    risky += out[k]
            while True:
                wait = np.random.exponential(1.0 / risky) if risky > 0.0 else np.inf
                step = min(length, wait, duration - elapsed)
                if _leap(counts, changes, out, critical, step, trial):
                    break
                length = length / 2.0
            counts[:] = trial
            elapsed += step
            if wait <= step:
                goal = np.random.random() * risky
                passed = 0.0
                for k in range(len(out)):
                    if critical[k]:
                        passed += out[k]
                        if passed > goal:
                            for i in range(len(counts)):
                                counts[i] = max(counts[i] + changes[k, i], 0)
                            break
            if elapsed >= duration:
                return
            continue
        elapsed += np.random.exponential(1.0 / total)
        if elapsed >= duration:
            return
        chosen = _pick(out, total)
        for i in range(len(counts)):
            counts[i] = max(counts[i] + changes[chosen, i], 0)
        if exact_steps > 0:
            exact_steps -= 1


@numba.njit(cache=True, nogil=True)
def _run_cells(  # type: ignore[no-untyped-def]
    members, seeds, times, driven, first, changes, copies, sizes, epsilon, counts, prepare, rates, inputs
):
    amounts, time = np.zeros(len(copies)), np.zeros(1)
    out = np.zeros(len(sizes))
    critical = np.zeros(len(sizes), dtype=np.bool_)
    for member in members:
        np.random.seed(seeds[member])
        state = first[member].copy()
        trial = state.copy()
        counts[member, 0] = state
        for t in range(len(times) - 1):
            time[0] = (times[t] + times[t + 1]) / 2.0
            inputs[: driven.shape[1]] = driven[t]
            calls.prepare(prepare, inputs)
            _interval(
                state, times[t + 1] - times[t], time, inputs, changes, copies, rates, sizes, epsilon, amounts,
                out, critical, trial,
            )  # fmt: skip
            counts[member, t + 1] = state
