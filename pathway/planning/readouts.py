"""What dishes of a scenario read in every member: counts and observables at harvest, mixed cells among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pathway.scenario.controls import GrowthControl, arm_key, matched_control, untreated_arm, without_doses
from pathway.scenario.ensemble_result import EnsembleResult
from pathway.scenario.experiment import Arm, Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.members import run_members
from pathway.scenario.sampled_cell_lines import ParameterSets

from .assays import PlanError
from .contrasts import Contrast, Harvest, gr_contrast, log_readout
from .questions import AGAINST_CONTROL, COUNTED, EffectQuestion


@dataclass(frozen=True, eq=False)
class MemberReadouts:
    """The arms of a scenario in every member, to be harvested at any time.

    Attributes
    ----------
    scenario : Scenario
    result : EnsembleResult
        Its arms are called by their own name, or in words where the scenario lists no such dish.
    transfected : tuple of str
        Doses that only a share of the cells takes up.
    uptake : float
        That share.
    """

    scenario: Scenario
    result: EnsembleResult
    transfected: tuple[str, ...] = ()
    uptake: float = 1.0

    def count(self, arm: Arm, time: float) -> np.ndarray:
        """Cells for each at the start, shape (n_members,)."""
        return np.asarray(sum(share * self._count(part, time) for share, part in self._parts(arm)))

    def level(self, arm: Arm, quantity: str, time: float) -> np.ndarray:
        """An observable over all cells of the dish, shape (n_members,)."""
        cells = [share * self._count(part, time) for share, part in self._parts(arm)]
        levels = [self._course(part, quantity, time) for _, part in self._parts(arm)]
        total = sum(c * level for c, level in zip(cells, levels, strict=True))
        return np.asarray(total / sum(cells))

    def contrast(self, question: EffectQuestion, time: float) -> Contrast:
        """What a question is about at a harvest, in every member."""
        parts = [self._of_arm(name, question.quantity, time) for name in question.arms]
        if len(parts) == 2:
            return parts[0] - parts[1]
        return parts[0].plus(-1.0) if question.quantity == "GR" else parts[0]

    def _of_arm(self, name: str, quantity: str, time: float) -> Contrast:
        arm, scenario = self.scenario.arm(name), self.scenario
        if quantity == "GR":
            control = growth_control(arm, scenario)
            first = (Harvest(control.name, control.since), self.count(control.arm, control.since))
            counts = [(Harvest(d, time), self.count(a, time)) for d, a in ((name, arm), (control.name, control.arm))]
            return gr_contrast(counts[0], counts[1], first)
        if quantity not in COUNTED:
            return log_readout(Harvest(name, time), self.level(arm, quantity, time))
        own = log_readout(Harvest(name, time), self.count(arm, time))
        if quantity == "percent_of_control":
            control = growth_control(arm, scenario)
            return own - log_readout(Harvest(control.name, time), self.count(control.arm, time))
        if quantity == "percent_of_untreated":
            bare = untreated_arm(arm, scenario)
            return own - log_readout(Harvest(f"{bare.name} untreated", time), self.count(bare, time))
        if quantity == "cell_number_fold":
            return own - log_readout(Harvest(name, scenario.start), self.count(arm, scenario.start))
        return own

    def _parts(self, arm: Arm) -> list[tuple[float, Arm]]:
        return cell_fractions(arm, self.transfected, self.uptake)

    def _count(self, arm: Arm, time: float) -> np.ndarray:
        run = self.result.arms[_run_name(arm, self.scenario)]
        return run.count[:, _place(run.times, time)]

    def _course(self, arm: Arm, quantity: str, time: float) -> np.ndarray:
        run = self.result.arms[_run_name(arm, self.scenario)]
        return run.courses[quantity][:, _place(run.times, time)]


def _place(times: np.ndarray, time: float) -> int:
    return int(np.argmin(np.abs(times - time)))


def cell_fractions(arm: Arm, transfected: tuple[str, ...], uptake: float) -> list[tuple[float, Arm]]:
    """The cells of a dish: their shares at the start, and what was done to them."""
    if uptake < 1.0 and set(arm.doses) & set(transfected):
        return [(uptake, arm), (1.0 - uptake, without_doses(arm, transfected))]
    return [(1.0, arm)]


def _run_name(arm: Arm, scenario: Scenario) -> str:
    return repr(arm_key(arm, scenario))


def growth_control(arm: Arm, scenario: Scenario) -> GrowthControl:
    """The control of an arm's growth.

    Raises
    ------
    PlanError
        If the question of growth does not apply to the arm.
    """
    control = matched_control(arm, scenario)
    if control is None:
        raise PlanError(f"arm '{arm.name}' has no GR: it gets none of the agents of [growth_rate] and names no control")
    return control


def member_readouts(
    scenario: Scenario,
    questions: Sequence[EffectQuestion],
    times: Sequence[float],
    laboratory: Laboratory,
    sets: ParameterSets,
    transfected: tuple[str, ...] = (),
    uptake: float = 1.0,
) -> MemberReadouts:
    """All dishes that the questions need at the times, run in every member."""
    moments, arms = {scenario.start, *times}, dict[str, Arm]()
    for question in questions:
        for arm in map(scenario.arm, question.arms):
            needed = [arm]
            if question.quantity in AGAINST_CONTROL:
                control = growth_control(arm, scenario)
                needed.append(control.arm)
                moments.add(control.since)
            if question.quantity == "percent_of_untreated":
                needed.append(untreated_arm(arm, scenario))
            parts = [part for dish in needed for _, part in cell_fractions(dish, transfected, uptake)]
            arms |= {_run_name(part, scenario): part for part in parts}
    names = {question.quantity for question in questions} & laboratory.units.keys()
    run = replace(
        scenario,
        arms=tuple(replace(arm, name=name, control=None) for name, arm in arms.items()),
        observables=tuple(sorted(names)),
        growth_of=(),
        overlays=(),
        expectations=(),
        fit=None,
    )
    result = run_members(run, laboratory, sets, times=np.array(sorted(moments)))
    return MemberReadouts(scenario, result, transfected, uptake)
