"""What could be done: doses and harvest times as a bench has them, each with its contrast in every member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pathway.scenario.experiment import Dose, Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.plain_words import format_number
from pathway.scenario.weighted import weighted_interval
from pathway.units import UnitError, parse_quantity

from .assays import Assay, PlanError, assays_of
from .contrasts import Contrast
from .power import power_within, replicates_for_power
from .questions import AGAINST_CONTROL, EffectQuestion
from .readouts import MemberReadouts, growth_control
from .refutation import predictive_region

DAY = 24.0
FACTORS = (0.1, 0.3, 1.0, 3.0)
"""On the scenario's doses, one dose at a time."""


@dataclass(frozen=True)
class DoseLevel:
    """A dose of the scenario at another amount, or all of them as they are (`dose` is "")."""

    dose: str = ""
    factor: float = 1.0
    label: str = "as written"

    @property
    def is_as_written(self) -> bool:
        """Whether nothing of the scenario is another amount."""
        return not self.dose


@dataclass(frozen=True, eq=False)
class Design:
    """One way of measuring what a question asks.

    Attributes
    ----------
    question : EffectQuestion
    level : DoseLevel
    time : float, hours
        Of harvest.
    assay : Assay
    contrast : Contrast
    weights : array, shape (n_members,)
    replicates : int
    """

    question: EffectQuestion
    level: DoseLevel
    time: float
    assay: Assay
    contrast: Contrast
    weights: np.ndarray
    replicates: int

    @cached_property
    def noise(self) -> np.ndarray:
        """Standard deviation of one replicate in each member, shape (n_members,)."""
        return self.contrast.noise(self.assay.noise.value)

    @cached_property
    def power(self) -> float:
        """Probability that the effect is found with these replicates, averaged over the members."""
        return self.power_with(self.replicates)

    def power_with(self, replicates: int) -> float:
        """The same with other replicates."""
        q, value, noise = self.question, self.contrast.value, self.noise
        power = power_within(value, noise, q.low, q.high, replicates, q.tail)
        if q.either:
            power = power + power_within(value, noise, -q.high, -q.low, replicates, q.tail)
        return float(self.weights @ power)

    @cached_property
    def above_noise(self) -> float:
        """Share of the members whose effect is larger than twice the standard error of the mean."""
        error = self.noise / np.sqrt(self.replicates)
        return float(self.weights @ (np.abs(self.contrast.value) > 2.0 * error))

    @cached_property
    def needed(self) -> int | None:
        """Replicates for a probability of 80 %; None where 30 do not suffice."""
        return replicates_for_power(self.power_with)

    @cached_property
    def needed_for_size(self) -> int | None:
        """Replicates for a power of 80 % at the least effect that the expectation names, with the median noise; None
        where it names none, or 30 do not suffice."""
        q = self.question
        if q.size is None:
            return None
        size, noise = np.array([q.size]), np.array([weighted_interval(self.noise, self.weights).median])
        return replicates_for_power(lambda n: float(power_within(size, noise, q.low, q.high, n, q.tail)[0]))

    @property
    def n_harvests(self) -> int:
        """Dishes of one replicate."""
        return len(self.contrast.harvests)

    @property
    def price(self) -> float:
        """Of the replicates needed, in EUR; infinite where none suffice."""
        return np.inf if self.needed is None else self.needed * self.n_harvests * self.assay.price.value

    @cached_property
    def region(self) -> tuple[float, float]:
        """A measured mean outside of it would refute the model."""
        error = self.noise / np.sqrt(self.replicates)
        return predictive_region(self.contrast.value, error, self.weights)

    @property
    def label(self) -> str:
        """ "pAKT of 'a' against 'b' at 24 h, anti_mir21 15 nM, by blot"."""
        dose = "" if self.level.is_as_written else f", {self.level.label}"
        return f"{self.question.in_words} at {self.time:g} h{dose}, by {self.assay.name}"

    def effect_text(self, number: float) -> str:
        """A number of the contrast as a bench reads it: a difference of GR, or a ratio."""
        as_read = number if self.question.quantity == "GR" else float(np.exp(number))
        if self.question.quantity == "GR" and len(self.question.arms) == 1:
            as_read = number + 1.0
        return format_number(as_read)


def harvest_times(question: EffectQuestion, scenario: Scenario, own: Sequence[float]) -> tuple[float, ...]:
    """When the question's dishes may be harvested: the user's own times, or each day and when the scenario reads it.

    Raises
    ------
    PlanError
        If one lies before the first dose, or after the end.
    """
    first, what = first_moment(question, scenario)
    for time in own:
        if time <= first:
            raise PlanError(f"harvest at {time:g} h: {what} at {first:g} h; harvest later ({question.name})")
        if time > scenario.end:
            raise PlanError(f"harvest at {time:g} h: the experiment ends at {scenario.end:g} h")
    days = np.arange(DAY, scenario.end + 1e-9, DAY)
    times = own or [*days, question.time]
    return tuple(sorted({float(t) for t in times if t > first}))


def first_moment(question: EffectQuestion, scenario: Scenario) -> tuple[float, str]:
    """Before what nothing can have happened, in hours, and what happens then."""
    if question.quantity in AGAINST_CONTROL:
        controls = [growth_control(scenario.arm(name), scenario) for name in question.arms]
        return max(control.since for control in controls), "growth is compared from the dose"
    given = [(t, name, dose) for name in question.arms for dose in scenario.arm(name).doses
             for t in scenario.doses[dose].times]  # fmt: skip
    if not given:
        return scenario.start - 1e-9, "the experiment begins"
    time, arm, dose = min(given)
    return time, f"'{arm}' gets its first dose ({dose})"


def dose_levels(
    questions: Sequence[EffectQuestion], scenario: Scenario, laboratory: Laboratory, factors: Sequence[float]
) -> Iterator[tuple[DoseLevel, Scenario, list[EffectQuestion]]]:
    """The scenario as it is, and with one of its doses at another level; each with the questions that it bears on.

    Levels above the highest dose on record are left out, and agents that do nothing.
    """
    yield DoseLevel(), scenario, list(questions)
    for name, dose in scenario.doses.items():
        asked = [q for q in questions if any(name in scenario.arm(arm).doses for arm in q.arms)]
        agent = laboratory.agents[dose.agent]
        if not asked or agent.species is None or not dose.amount:
            continue
        for factor in factors:
            if factor == 1.0 or (agent.highest and factor * dose.amount > agent.highest * 1.000001):
                continue
            scaled = replace(dose, amount=factor * dose.amount, written=_scaled_text(dose, factor))
            level = DoseLevel(name, factor, f"{name} {scaled.written}")
            yield level, replace(scenario, doses={**scenario.doses, name: scaled}), asked


def _scaled_text(dose: Dose, factor: float) -> str:
    try:
        number, unit = parse_quantity(dose.written)
    except UnitError:
        return f"{factor:g} times {dose.written}"
    return f"{factor * number:.3g} {unit}"


def designs_of(
    readings: MemberReadouts,
    questions: Sequence[EffectQuestion],
    times: Mapping[EffectQuestion, Sequence[float]],
    level: DoseLevel,
    assays: Sequence[Assay],
    replicates: int,
) -> Iterator[Design]:
    """Every question at every harvest by every assay that can tell it."""
    for question in questions:
        for time in times[question]:
            contrast = readings.contrast(question, time)
            for assay in assays_of(question.quantity, assays):
                measurable = contrast if question.quantity == "GR" else contrast.within(assay.range.value)
                yield Design(question, level, time, assay, measurable, readings.result.weights, replicates)
