"""What an arm's growth is compared with: its matched control, and the untreated cells of the same line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .experiment import MEDIUM_CHANGE, Arm, Scenario


@dataclass(frozen=True)
class GrowthControl:
    """The dish that an arm's growth is compared with.

    Attributes
    ----------
    arm : Arm
        An arm of the scenario, or one that is run beside them.
    name : str
        The arm's, or in words what a dish that the scenario does not list is.
    since : float, hours
        When arm and control part: the first of the doses whose effect is asked.
    """

    arm: Arm
    name: str
    since: float


@dataclass(frozen=True)
class ComparedArms:
    """Everything that a scenario compares, each different dish once.

    Attributes
    ----------
    controls : mapping of arm name to GrowthControl, or None
        None where the question does not apply.
    untreated : mapping of arm name to Arm
        The untreated cells of its line; empty if the scenario compares no growth.
    different : tuple of Arm
        What has to be simulated: one arm for each different dish.
    """

    controls: Mapping[str, GrowthControl | None]
    untreated: Mapping[str, Arm]
    different: tuple[Arm, ...]


def compared_arms(scenario: Scenario) -> ComparedArms:
    """The arms of a scenario, the controls they need, and one of each different dish."""
    controls = {arm.name: matched_control(arm, scenario) for arm in scenario.arms}
    bare = {arm.name: untreated_arm(arm, scenario) for arm in scenario.arms} if scenario.compares_growth else {}
    needed = [*scenario.arms, *(control.arm for control in controls.values() if control), *bare.values()]
    return ComparedArms(controls, bare, tuple({arm_key(arm, scenario): arm for arm in needed}.values()))


def matched_control(arm: Arm, scenario: Scenario) -> GrowthControl | None:
    """The arm's own control, or else the same arm without any dose of the agents whose effect is asked.

    None where the question does not apply: an arm that gets none of these agents and names no control.
    """
    if arm.control:
        own = scenario.arm(arm.control)
        return GrowthControl(own, own.name, _parting_time(arm, own, scenario))
    asked = [name for name in arm.doses if name in scenario.growth_doses]
    if not asked:
        return None
    control = without_doses(arm, asked)
    same = next((other for other in scenario.arms if arm_key(other, scenario) == arm_key(control, scenario)), None)
    name = same.name if same else f"without {', '.join(_left_out(asked, control, scenario))}"
    return GrowthControl(same or control, name, min(time for dose in asked for time in scenario.doses[dose].times))


def untreated_arm(arm: Arm, scenario: Scenario) -> Arm:
    """The same cells in the same medium without any dose, knock-down or change at a moment; the scenario's own such arm
    if it has one.
    """
    medium = tuple(change for change in arm.timed_changes if change.medium)
    bare = replace(arm, doses=(), timed_changes=medium, knock_downs={}, timed_knock_downs=(), control=None)
    return next((other for other in scenario.arms if arm_key(other, scenario) == arm_key(bare, scenario)), bare)


def without_doses(arm: Arm, names: Iterable[str]) -> Arm:
    """The arm without some of its doses."""
    left_out = set(names)
    return replace(arm, doses=tuple(dose for dose in arm.doses if dose not in left_out))


def arm_key(arm: Arm, scenario: Scenario) -> tuple[Any, ...]:
    """What a simulation depends on: arms with the same are run once. A dose that does nothing makes no difference."""
    return (
        arm.cells,
        tuple(sorted(arm.changes.items())),
        arm.timed_changes,
        tuple(sorted(arm.knock_downs.items())),
        arm.timed_knock_downs,
        tuple(sorted(name for name in arm.doses if _acts(name, scenario))),
    )


def _acts(name: str, scenario: Scenario) -> bool:
    dose = scenario.doses[name]
    return dose.amount is not None or dose.agent == MEDIUM_CHANGE


def _left_out(asked: list[str], control: Arm, scenario: Scenario) -> Iterable[str]:
    """Agents that the control lacks; a dose by its name where the control keeps another of the same agent."""
    given = {scenario.doses[name].agent for name in control.doses}
    agents = ((name, scenario.doses[name].agent) for name in asked)
    return dict.fromkeys(name if agent in given else agent for name, agent in agents)


def _parting_time(arm: Arm, control: Arm, scenario: Scenario) -> float:
    """When the arm's treatment starts to differ from its own control's: the first dose asked about, if any differs."""
    differing = set(arm.doses) ^ set(control.doses)
    asked = [name for name in differing if name in scenario.growth_doses and name in arm.doses]
    anywhere = [name for name in scenario.growth_doses if any(name in other.doses for other in scenario.arms)]
    times = [time for name in asked or differing or anywhere for time in scenario.doses[name].times]
    return min(times, default=0.0)
