"""Is resistance a switch? Branches over the drive, folds, hysteresis, second states among draws, pulses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.network import circuit
from pathway.network.loops import DRIVE
from pathway.scenario.controls import without_doses
from pathway.scenario.experiment import Scenario
from pathway.scenario.laboratory import Laboratory

from .arms_under_draws import ArmUnderDraws, arms_under_draws, checked_readouts
from .continuation import Branch, fold_curve
from .draws import ParameterDraws, Progress, draws_of_chosen_values
from .drive import BranchSpread, Hysteresis, branches_of_draws, drive_branch, hysteresis
from .mistakes import AnalysisError, unknown_name_error
from .pulse import PulseCourse, minimal_pulse, pulse_course
from .stable_state_search import StableStateSearch, search_stable_states


@dataclass(frozen=True, eq=False)
class SwitchCondition:
    """The cells with nothing, or with a drug held in the medium.

    Attributes
    ----------
    label : str
        "untreated", "with trastuzumab 68.7 nM".
    branch : Branch
    readings : mapping of name to array, shape (n_points,)
    fold_curve : Branch or None
        The first fold over a second parameter, where one was named and there is a fold.
    spread : BranchSpread or None
        The same branch over draws.
    second_states : StableStateSearch or None
    """

    label: str
    branch: Branch
    readings: Mapping[str, np.ndarray]
    fold_curve: Branch | None
    spread: BranchSpread | None
    second_states: StableStateSearch | None


@dataclass(frozen=True, eq=False)
class BistableSwitch:
    """The answer.

    Attributes
    ----------
    scenario : Scenario
    cells : str
        Cell line.
    parameter : str
        That is followed, from `low` to `high`.
    usual : float
        Its value in these cells.
    against : str
        Second parameter of fold curves, or "".
    conditions : tuple of SwitchCondition
    swept : Hysteresis
    pulse : PulseCourse or None
        None where a second state was found.
    flips : mapping of draw to float or None
        Of draws with a second state: the smallest pulse, in nM, that flips resistant cells for good.
    units : mapping of name to unit text
    draws : ParameterDraws
    """

    scenario: Scenario
    cells: str
    parameter: str
    low: float
    high: float
    usual: float
    against: str
    conditions: tuple[SwitchCondition, ...]
    swept: Hysteresis
    pulse: PulseCourse | None
    flips: Mapping[int, float | None]
    units: Mapping[str, str]
    draws: ParameterDraws

    def text(self) -> str:
        """The finding in sentences."""
        sentences = [f"From {self.parameter} {self.low:g} to {self.high:g}: {self._special()}"]
        gap = max(self.swept.gap(name) for name in self.swept.up)
        differ = f"differ by at most {100 * gap:.2g} %" if gap > 1e-4 else "are the same"
        sentences.append(f"Raised and lowered step by step over time, up and down {differ}.")
        for condition in self.conditions:
            sentences += _condition_sentences(condition, self.draws.origin)
        if self.pulse is not None:
            sentences.append(self.pulse.text())
        for draw, dose in self.flips.items():
            flipped = f"a pulse of {dose:.3g} nM anti-miR-21" if dose is not None else "no pulse up to 1000 nM"
            sentences.append(f"In draw {draw}, {flipped} flips resistant cells for good.")
        return " ".join(sentences)

    def _special(self) -> str:
        special = [(c.label, point) for c in self.conditions for point in c.branch.special]
        if not special:
            return "one stable steady state throughout, no fold and no Hopf point."
        return "; ".join(f"{point.kind} at {point.value:.6g} ({label})" for label, point in special) + "."

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "scenario": self.scenario.name,
            "cells": self.cells,
            "parameter": self.parameter,
            "units": dict(self.units),
            "branches": [_branch_dict(condition) for condition in self.conditions],
            "fold_curves": [
                {
                    "condition": c.label,
                    self.parameter: c.fold_curve.of(self.parameter).tolist(),
                    self.against: c.fold_curve.values.tolist(),
                    "cusps": [point.value for point in c.fold_curve.special],
                }
                for c in self.conditions
                if c.fold_curve is not None
            ],
            "hysteresis_gap": {r: self.swept.gap(r) for r in self.swept.up},
            "second_states": [c.second_states.to_dict() for c in self.conditions if c.second_states is not None],
            "loops": {loop.name: loop.meaning for loop in circuit().loops if loop.may_switch and loop.meaning},
            "pulse": None if self.pulse is None else self.pulse.to_dict(),
            "minimal_pulse": {str(draw): dose for draw, dose in self.flips.items()},
            "ensemble": self.draws.to_dict(),
            "conclusion": self.text(),
        }

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """The tidy table: one row for each point of each branch."""
        names = list(self.conditions[0].readings)
        header = ["condition", f"{self.parameter} [{self.units[self.parameter]}]", "stable"]
        header += [f"{name} [{self.units[name]}]" for name in names]
        return header, [
            [c.label, float(c.branch.values[k]), int(c.branch.stable[k]), *(float(c.readings[n][k]) for n in names)]
            for c in self.conditions
            for k in range(len(c.branch.values))
        ]


def _condition_sentences(condition: SwitchCondition, of: str) -> list[str]:
    label, sentences = condition.label[0].upper() + condition.label[1:], []
    spread, search = condition.spread, condition.second_states
    if search is not None:
        sentences.append(
            f"{label}: {len(search.bistable)} of {search.members} parameter sets {of} have a second stable state "
            f"(at most {100 * search.upper_bound:.2g} % with 95 % confidence)."
        )
        if loops := [f"{loop} in {n}" for loop, n in search.loops.items() if n]:
            sentences.append(f"It is lost when something is switched off: {', '.join(loops)}.")
    if spread is not None:
        folds, hopfs = spread.having("fold"), spread.having("Hopf")
        sentences.append(
            f"Followed over the whole range, {len(folds)} of {spread.members} have a fold somewhere and {len(hopfs)} a "
            "Hopf point."
        )
        sentences += [_fold_sentence(spread, draw) for draw in folds[:_MOST_TOLD]]
    return sentences


_MOST_TOLD = 3


def _fold_sentence(spread: BranchSpread, draw: int) -> str:
    places = sorted(point.value for point in spread.special[draw] if point.kind == "fold")
    text = f"Draw {draw}: fold{'s' if len(places) > 1 else ''} at {' and '.join(f'{place:.4g}' for place in places)}"
    return text + (f", gone without {' or '.join(spread.cut[draw])}." if spread.cut[draw] else ".")


def _branch_dict(condition: SwitchCondition) -> dict[str, Any]:
    branch, spread = condition.branch, condition.spread
    bands = None
    if spread is not None and spread.members:
        bands = {
            "values": spread.values.tolist(),
            "readings": {
                n: dict(zip(("low", "high", "median"), map(np.ndarray.tolist, spread.band(n)), strict=True))
                for n in spread.readings
            },
            "draws": spread.members,
            "lost": spread.lost,
            "folds": {
                str(draw): {
                    "at": [point.value for point in spread.special[draw] if point.kind == "fold"],
                    "gone_without": list(spread.cut[draw]),
                }
                for draw in spread.having("fold")
            },
            "with_hopf": spread.having("Hopf"),
        }
    return {
        "condition": condition.label,
        "values": branch.values.tolist(),
        "stable": branch.stable.tolist(),
        "readings": {name: values.tolist() for name, values in condition.readings.items()},
        "special": [{"kind": p.kind, "value": p.value, "frequency": p.frequency} for p in branch.special],
        "ended": branch.ended,
        "over_draws": bands,
    }


def bistable_switch(
    scenario: Scenario,
    laboratory: Laboratory,
    *,
    arm: str | None = None,
    parameter: str = DRIVE,
    low: float = 0.0,
    high: float = 10.0,
    readings: Sequence[str] = ("miR21", "PTEN", "pAKT"),
    against: str = "",
    against_range: tuple[float, float] = (0.0, 0.0),
    draws: ParameterDraws | None = None,
    progress: Progress | None = None,
) -> BistableSwitch:
    """Follow an arm's cells over a parameter, untreated and under the scenario's drugs, and look for second states.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    arm : str, optional
        Whose cells; the first arm unless given. Its doses are left out.
    parameter : str
    low, high : float
        In the parameter's unit.
    readings : sequence of str
    against : str
        A second parameter, over `against_range`, in which folds are followed.
    draws : ParameterDraws, optional
        Searched for second states and followed over the whole range.
    progress : callable, optional

    Raises
    ------
    AnalysisError
        If a name does not exist, a range does not rise, or a branch cannot be followed.
    """
    known = [a.name for a in scenario.arms]
    if arm is not None and arm not in known:
        raise unknown_name_error("arm", arm, known)
    _check_ranges(laboratory, {parameter: (low, high)} | ({against: against_range} if against else {}))
    names, draws = checked_readouts(laboratory, readings), draws or draws_of_chosen_values(laboratory)
    chosen_arm = scenario.arm(arm) if arm else scenario.arms[0]
    (cells,) = arms_under_draws(scenario, [without_doses(chosen_arm, chosen_arm.doses)], laboratory, draws)
    second = (against, *against_range) if against else None
    conditions = tuple(
        _condition(laboratory, cells, parameter, (low, high), label, held, names, second, progress)
        for label, held in _conditions(scenario, laboratory).items()
    )
    parameters, state = cells.parameters[0], cells.states[0]
    swept = hysteresis(laboratory, parameters, state, np.linspace(low, high, 9), names, parameter)
    flips = _flips(laboratory, conditions[0].second_states)
    bistable = any(c.second_states is not None and c.second_states.bistable for c in conditions)
    return BistableSwitch(
        scenario, chosen_arm.cells, parameter, low, high,
        float(parameters[laboratory.model.parameter_index(parameter)]), against, conditions,
        swept, None if bistable else pulse_course(laboratory, parameters, state), flips,
        {name: laboratory.units.get(name) or laboratory.parameters.get(name, "1") for name in (parameter, *names)}
        | ({against: laboratory.parameters.get(against, "1")} if against else {}),
        draws,
    )  # fmt: skip


def _check_ranges(laboratory: Laboratory, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Refuse what is no parameter, and a range that does not rise."""
    for name, (low, high) in ranges.items():
        if name not in laboratory.model.parameters:
            raise unknown_name_error("parameter", name, laboratory.model.parameters)
        if not low < high:
            raise AnalysisError(f"the range of {name} from {low:g} to {high:g} must rise; give both ends")


def _conditions(scenario: Scenario, laboratory: Laboratory) -> dict[str, dict[str, float]]:
    """Untreated, and under each drug of [growth_rate] at each of its amounts."""
    conditions: dict[str, dict[str, float]] = {"untreated": {}}
    for name in scenario.growth_doses:
        dose = scenario.doses[name]
        agent = laboratory.agents[dose.agent]
        if agent.species and dose.amount:
            conditions[f"with {agent.name} {dose.amount:.3g} {agent.unit}"] = {agent.species: dose.amount}
    return conditions


def _condition(
    laboratory: Laboratory, cells: ArmUnderDraws, parameter: str, ends: tuple[float, float], label: str,
    held: Mapping[str, float], names: Sequence[str], second: tuple[str, float, float] | None,
    progress: Progress | None,
) -> SwitchCondition:  # fmt: skip
    parameters, states = cells.parameters, cells.states
    resting, branch = drive_branch(laboratory, parameters[0], states[0], parameter, *ends, held)
    along = resting.names(branch.states, branch.values)
    curve = fold_curve(resting.system, branch.folds()[0], *second, ends) if second and branch.folds() else None
    spread = search = None
    if len(parameters) > 1:
        search = search_stable_states(laboratory, parameters[1:], held=held, condition=label, progress=progress)
        spread = branches_of_draws(resting, parameters[1:], states[1:], names, *ends, progress)
    return SwitchCondition(label, branch, {name: along[name] for name in names}, curve, spread, search)


def _flips(laboratory: Laboratory, search: StableStateSearch | None, most: int = 5) -> dict[int, float | None]:
    """The smallest pulse that flips untreated cells back, for the first draws with a second state."""
    if search is None:
        return {}
    return {
        draw: minimal_pulse(laboratory, search.parameters[draw], search.states[draw][-1], search.states[draw][0])
        for draw in search.bistable[:most]
    }
