"""An arm of a scenario as an experiment: how its cells come to rest, and what is done to them when.

Runs, fits, analyses and every written format start from what is made here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.errors import InputError
from pathway.expressions import Expression, add, multiply, number, symbol
from pathway.parameters import Anchor, Entry
from pathway.simulation import Intervention
from pathway.simulation.anchor import AnchorError
from pathway.simulation.anchor_members import AnchoredMembers
from pathway.simulation.formulas import value_at_rest
from pathway.simulation.protocol import (
    STEADY,
    Experiment,
    Period,
    PreequilibratedState,
    SteadyTarget,
    preequilibrated_state,
    preequilibrated_states,
)

from . import quantities
from .experiment import MEDIUM_CHANGE, Arm, Scenario
from .laboratory import Laboratory

KNOCK_DOWN_PRECISION = 1e-8
"""Relative distance of a knocked-down level from what was measured; death rates move five times as far as a level."""

Formulas = Mapping[str, Expression]
"""What each parameter of the model is: a number, or something over what is estimated."""


class ScenarioRunError(InputError, RuntimeError):
    """An arm that cannot be simulated; names the arm."""


@dataclass(frozen=True, eq=False)
class CellLineFormulas:
    """The cells of an arm before anything is changed in them.

    Attributes
    ----------
    usual : mapping of parameter to Expression
        Of the line: what "0.1 x" is a multiple of.
    anchoring : mapping of parameter to Expression
        Of the cells in which `anchors` are found: the line, or its parents.
    anchors : tuple of Anchor
        Parameters that are found anew; none where their numbers stand in `usual`.
    """

    usual: Formulas
    anchoring: Formulas = field(default_factory=dict)
    anchors: tuple[Anchor, ...] = ()

    @cached_property
    def anchored(self) -> frozenset[str]:
        """Names of the anchored parameters that are found anew."""
        return frozenset(anchor.parameter for anchor in self.anchors)


def arm_experiment(
    arm: Arm, scenario: Scenario, laboratory: Laboratory, line: CellLineFormulas, own: Formulas
) -> Experiment:
    """What an arm comes to: rest, then one period for each moment at which something is done.

    Parameters
    ----------
    arm : Arm
    scenario : Scenario
    laboratory : Laboratory
    line : CellLineFormulas
        The arm's cells.
    own : mapping of parameter to Expression
        What each parameter is where no period says otherwise: the model's own numbers, or what is estimated.

    Notes
    -----
    Anchored parameters are found in the untreated cells as the line has them; then an arm's lasting changes are made,
    and the cells rest again; then proteins are knocked down: each synthesis falls until the untreated level has fallen
    by what the bench measured, which is further where feedback holds the protein up.

    Raises
    ------
    ScenarioRunError
        If the arm changes what is found anew by multiples more than once: the second would be of the first.
    """
    _refuse_second_multiples(arm, line)
    compiler = _Compiler(scenario, laboratory, line)
    rest = compiler.rest(arm, own)
    done: dict[float, dict[str, Expression]] = {scenario.start: {}}
    for time, name, change in compiler.state_changes(arm):
        changes = done.setdefault(time, {})
        changes[name] = change(changes.get(name, symbol(name)))
    return Experiment(arm.name, (*rest, *(Period(time, done[time]) for time in sorted(done))))


@dataclass(frozen=True)
class ValueChange:
    """What is done to a value at a moment: set, scaled, or added to."""

    value: Expression | None = None
    factor: float = 1.0
    added: float = 0.0

    def __call__(self, present: Expression) -> Expression:
        """The new value."""
        value = present if self.value is None else self.value
        return add(multiply(number(self.factor), value), number(self.added))


@dataclass(frozen=True, eq=False)
class _Compiler:
    scenario: Scenario
    laboratory: Laboratory
    line: CellLineFormulas

    def rest(self, arm: Arm, own: Formulas) -> list[Period]:
        """The periods before the first moment; each sets what differs from the one before."""
        line, periods = self.line, []
        if line.anchors:
            targets = tuple(SteadyTarget(a.parameter, a.quantity, a.target) for a in line.anchors)
            periods.append(Period(STEADY, _differing(line.anchoring, own), targets))
            own = line.anchoring
        changed = {**line.usual, **{name: self._changed(name, text) for name, text in arm.changes.items()}}
        different = _differing(changed, own)
        if different or not periods:
            periods.append(Period(STEADY, different))
        if arm.knock_downs:
            goals = {protein: self.laboratory.knock_downs[protein] for protein in arm.knock_downs}
            lowered = tuple(
                SteadyTarget(goal.parameter, goal.observable, 1.0 - arm.knock_downs[protein], of_level_before=True)
                for protein, goal in goals.items()
            )
            periods.append(Period(STEADY, {}, lowered))
        return periods

    def _changed(self, name: str, text: str) -> Expression:
        """A change as a scenario writes it: "0.5 x" is half of what the parameter is in the line, whatever that is."""
        if quantities.is_multiple(text):
            return multiply(number(quantities.parse_amount(text, "1", usual=1.0)), self._usual(name))
        return number(quantities.parse_amount(text, self.laboratory.parameters[name]))

    def _usual(self, name: str) -> Expression:
        """What is found is known only as the cells have it by then."""
        return symbol(name) if name in self.line.anchored else self.line.usual[name]

    def state_changes(self, arm: Arm) -> Iterable[tuple[float, str, ValueChange]]:
        """(time, what, how), in the order in which they act at one moment."""
        doses = [self.scenario.doses[name] for name in arm.doses]
        # What is given with the new medium at the same moment must survive the change: the wash goes first.
        for dose in sorted(doses, key=lambda d: d.agent != MEDIUM_CHANGE):
            agent = self.laboratory.agents[dose.agent]
            for time in dose.times:
                if dose.agent == MEDIUM_CHANGE:
                    yield from ((time, species, ValueChange(number(0.0))) for species in self.laboratory.washed_out)
                elif agent.species and dose.amount is not None:
                    yield time, agent.species, ValueChange(added=dose.amount)
        for change in arm.timed_changes:
            yield change.time, change.name, ValueChange(self._changed(change.name, change.written))
        for change in arm.timed_knock_downs:
            goal = self.laboratory.knock_downs[change.name]
            left = ValueChange(factor=1.0 - quantities.parse_fraction(change.written))
            yield from ((change.time, name, left) for name in goal.scaled)


def _differing(these: Formulas, those: Formulas) -> dict[str, Expression]:
    return {name: formula for name, formula in these.items() if formula is not those[name]}


def _refuse_second_multiples(arm: Arm, line: CellLineFormulas) -> None:
    changed = [*arm.changes.items(), *((change.name, change.written) for change in arm.timed_changes)]
    for place, (name, text) in enumerate(changed):
        if name in line.anchored and quantities.is_multiple(text) and name in dict(changed[:place]):
            raise ScenarioRunError(
                f"arm '{arm.name}': '{name}' is changed twice, and '{text}' of what an anchor gives it cannot be told "
                'while anchors follow; write the amount, or [fit] anchors = "fixed"'
            )


# Arms at the numbers of their cells.


@dataclass(frozen=True, eq=False)
class ArmSetup:
    """What an arm comes to at the numbers of its cells.

    Attributes
    ----------
    arm : Arm
    experiment : Experiment
    parameters : array, shape (n_parameters,)
        Of the arm's cells, with its changes and knock-downs.
    usual : array, shape (n_parameters,)
        Of the line without them: what "0.1 x" is a multiple of.
    state : array, shape (n_species,)
        The untreated steady state.
    interventions : tuple of Intervention
    entries : mapping of parameter to Entry
        Where the numbers are from; empty where nobody knows.
    """

    arm: Arm
    experiment: Experiment
    parameters: np.ndarray
    usual: np.ndarray
    state: np.ndarray
    interventions: tuple[Intervention, ...]
    entries: Mapping[str, Entry]


class ArmSetups:
    """Arms of a scenario, also such as it does not list, made ready; equal cells come to rest once."""

    def __init__(self, scenario: Scenario, laboratory: Laboratory) -> None:
        self.scenario, self.laboratory, self.model = scenario, laboratory, laboratory.model
        self.folder = scenario.file.parent
        self._own = _own_numbers(self.model)
        self._rested: dict[Any, PreequilibratedState] = {}
        self._lines: dict[str, tuple[np.ndarray, CellLineFormulas]] = {}

    def of(self, arm: Arm) -> ArmSetup:
        """One arm.

        Raises
        ------
        ScenarioRunError
            If a knock-down cannot be reached.
        SteadyStateError
            If the cells do not come to rest.
        """
        usual, line = self._line(arm.cells)
        experiment = arm_experiment(arm, self.scenario, self.laboratory, line, self._own)
        key = _rest_key(experiment)
        if key not in self._rested:
            self._rested[key] = self._rest(arm, experiment)
        rested, line_of = self._rested[key], self.laboratory.line_of
        entries = line_of(arm.cells, self.folder).entries if line_of else {}
        return ArmSetup(arm, experiment, rested.parameters, usual, rested.state, experiment.interventions, entries)

    def _line(self, cells: str) -> tuple[np.ndarray, CellLineFormulas]:
        if cells not in self._lines:
            usual = self.laboratory.parameters_of(cells, self.folder)
            other = np.flatnonzero(usual != self.model.parameter_values).tolist()
            numbers = {self.model.parameters[k]: number(float(usual[k])) for k in other}
            self._lines[cells] = usual, CellLineFormulas({**self._own, **numbers})
        return self._lines[cells]

    def _rest(self, arm: Arm, experiment: Experiment) -> PreequilibratedState:
        try:
            return preequilibrated_state(self.model, experiment, KNOCK_DOWN_PRECISION)
        except AnchorError as error:
            raise ScenarioRunError(f"arm '{arm.name}': {self._not_lowered(arm, experiment, error)}") from None

    def _not_lowered(self, arm: Arm, experiment: Experiment, error: AnchorError) -> str:
        """Which protein of an arm could not be knocked down, and how far it came."""
        normal = preequilibrated_state(self.model, Experiment(arm.name, experiment.preequilibration[:-1]))
        reached = {}
        for name in arm.knock_downs:
            quantity = self.laboratory.knock_downs[name].observable
            level = value_at_rest(self.model, quantity, normal.parameters, normal.state)
            if not level > 0.0:
                return f"{name} cannot be lowered; its untreated level is 0"
            reached[name] = value_at_rest(self.model, quantity, *error.best) / level
        worst = max(reached, key=lambda name: abs(math.log(max(reached[name], 1e-300) / (1.0 - arm.knock_downs[name]))))
        return (
            f"{worst} cannot be lowered by {arm.knock_downs[worst]:.0%}; at the nearest that was found, its untreated "
            f"level is still {reached[worst]:.1%} of normal"
        )


def arm_setups(scenario: Scenario, arms: Iterable[Arm], laboratory: Laboratory) -> list[ArmSetup]:
    """Arms, also such as the scenario does not list, made ready but not simulated."""
    setups = ArmSetups(scenario, laboratory)
    return [setups.of(arm) for arm in arms]


@lru_cache(maxsize=16)
def _own_numbers(model: Model) -> Formulas:
    return {name: number(float(value)) for name, value in zip(model.parameters, model.parameter_values, strict=True)}


# Arms at the numbers of many members.


@dataclass(frozen=True, eq=False)
class MemberArmSetup:
    """What an arm comes to at the numbers of its cells in every member.

    Attributes
    ----------
    parameters : array, shape (n_members, n_parameters)
        With the arm's changes and knock-downs.
    states : array, shape (n_members, n_species)
        The untreated steady states; nan of members without such cells.
    missed : mapping of member to str
        Members whose line rests and whose arm does not, with the reason.
    interventions : tuple of tuple of Intervention
        One list for all members, or one for each.
    """

    parameters: np.ndarray
    states: np.ndarray
    missed: Mapping[int, str]
    interventions: tuple[tuple[Intervention, ...], ...]


class MemberArmSetups:
    """The same as `ArmSetups` for many members, in lanes: a change "0.1 x" is of the member's own number, and a
    knock-down lowers the member's own level."""

    def __init__(
        self, scenario: Scenario, laboratory: Laboratory, line: Callable[[str], tuple[np.ndarray, np.ndarray]]
    ) -> None:
        """`line` gives the parameters of a cell line, shape (n_members, n_parameters), and its steady states, shape
        (n_members, n_species), nan of members in which it is not alive."""
        self.scenario, self.laboratory, self.line = scenario, laboratory, line
        self._rested: dict[Any, AnchoredMembers] = {}

    def of(self, arm: Arm) -> MemberArmSetup:
        """One arm."""
        model, (parameters, states) = self.laboratory.model, self.line(arm.cells)
        own, usual = _line_symbols(arm, model)
        experiment = arm_experiment(arm, self.scenario, self.laboratory, CellLineFormulas(own), own)
        values = {label: parameters[:, model.parameter_index(name)] for name, label in usual.items()}
        key = arm.cells, _rest_key(experiment)
        if key not in self._rested:
            self._rested[key] = preequilibrated_states(
                model, experiment, parameters, states, values, KNOCK_DOWN_PRECISION
            )
        plans: list[Experiment] = [experiment]
        if arm.timed_changes:
            rows = [{name: float(column[k]) for name, column in values.items()} for k in range(len(parameters))]
            plans = [experiment.with_numbers(row) for row in rows]
        return MemberArmSetup(*self._rested[key], tuple(plan.interventions for plan in plans))


def _line_symbols(arm: Arm, model: Model) -> tuple[dict[str, Expression], dict[str, str]]:
    """What each parameter is in a member's line, and the symbols of those that the arm changes: "0.5 x" is of them,
    whatever the parameter has become by then."""
    changed = {*arm.changes, *(change.name for change in arm.timed_changes)}
    usual = {name: f"{name} of the line" for name in sorted(changed)}
    return {name: symbol(usual.get(name, name)) for name in model.parameters}, usual


def _rest_key(experiment: Experiment) -> tuple:
    """What cells that are brought to rest depend on."""
    return tuple((frozenset(period.changes.items()), period.targets) for period in experiment.preequilibration)
