"""Which measurement splits the ensemble: all that a bench can measure in a scenario, ranked by what it would tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.scenario.controls import arm_key, matched_control, untreated_arm
from pathway.scenario.experiment import Arm, Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.sampled_cell_lines import ParameterSets

from .assays import Assay, PlanError
from .cell_questions import QuestionContext, answers_to
from .designs import Design, designs_of, dose_levels, first_moment, harvest_times
from .information import (
    Answers,
    greedy_sequence,
    information_above_chance,
    mutual_information,
    resolved_noise,
    shuffled_answers,
)
from .questions import COUNTED, EffectQuestion
from .readouts import member_readouts

SHORT_LIST = 40
"""The most telling measurements, of which sequences are made."""
LENGTH = 3


@dataclass(frozen=True)
class RankedMeasurement:
    """A measurement and what it would tell.

    Attributes
    ----------
    design : Design
    nats : float
        About the question, above chance; in a sequence, with all measurements before it.
    error : float
        Standard error; 0 where no noise was drawn.
    """

    design: Design
    nats: float
    error: float = 0.0


@dataclass(frozen=True, eq=False)
class InformationRanking:
    """What measurements would tell about a question.

    Attributes
    ----------
    answers : Answers
    doubt : float
        What could be told at most, in nats.
    ranked : tuple of RankedMeasurement
        Every measurement, the most telling first.
    sequence : tuple of RankedMeasurement
        Three, each the most telling beside those before.
    chance : float
        The most that any of these measurements told about shuffled answers: what is not above it says nothing.
    """

    answers: Answers
    doubt: float
    ranked: tuple[RankedMeasurement, ...]
    sequence: tuple[RankedMeasurement, ...]
    chance: float

    @property
    def is_informative(self) -> bool:
        """Whether the best measurement tells more than the best would by chance."""
        return bool(self.ranked) and self.ranked[0].nats > self.chance

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "question": self.answers.question,
            "answers": self.answers.shares,
            "doubt_nats": self.doubt,
            "chance_nats": self.chance,
            "ranked": [_measurement_dict(measurement) for measurement in self.ranked[:SHORT_LIST]],
            "sequence": [{**_measurement_dict(t), "standard_error": t.error} for t in self.sequence],
        }


def _measurement_dict(measurement: RankedMeasurement) -> dict[str, Any]:
    design = measurement.design
    return {
        "measurement": design.label,
        "quantity": design.question.quantity,
        "arms": list(design.question.arms),
        "dose": design.level.dose or None,
        "factor": design.level.factor,
        "harvest_hours": design.time,
        "assay": design.assay.name,
        "replicates": design.replicates,
        "nats": measurement.nats,
    }


def candidate_questions(scenario: Scenario, assays: Sequence[Assay]) -> list[EffectQuestion]:
    """Every observable of every arm that a bench can make, against the untreated cells of its line; untreated lines
    against the first one; and GR of every arm that has one."""
    observables = dict.fromkeys(name for assay in assays for name in assay.measures)
    asked = list(_pairs(scenario, [n for n in observables if n not in COUNTED]))
    if "GR" in observables:
        asked += _growth(scenario)
    if not asked:
        raise PlanError(f"{scenario.file}: no two of its arms can be compared by {', '.join(a.name for a in assays)}")
    return asked


def _pairs(scenario: Scenario, observables: Sequence[str]) -> Iterator[EffectQuestion]:
    arms = _different_arms(scenario)
    bare = [arm for arm in arms if arm_key(arm, scenario) == arm_key(untreated_arm(arm, scenario), scenario)]
    for arm in arms:
        own = next((b for b in bare if b.cells == arm.cells and arm_key(b, scenario) != arm_key(arm, scenario)), None)
        reference = own or next((b for b in bare if b.cells != arm.cells and arm in bare[1:]), None)
        if reference is None:
            continue
        for observable in observables:
            name = f"{observable}: {arm.name} vs {reference.name}"
            yield EffectQuestion(
                name, name, observable, (arm.name, reference.name), 0.0, np.inf, True, time=scenario.end
            )


def _growth(scenario: Scenario) -> Iterator[EffectQuestion]:
    for arm in _different_arms(scenario):
        if matched_control(arm, scenario) is None:
            continue
        name = f"GR: {arm.name}"
        yield EffectQuestion(name, name, "GR", (arm.name,), -np.inf, np.inf, time=scenario.growth_until)


def _different_arms(scenario: Scenario) -> list[Arm]:
    """Arms that a bench can make, of equal dishes the first."""
    own = {arm_key(arm, scenario): arm for arm in reversed(scenario.arms) if not (scenario.changes or arm.changes)}
    return [arm for arm in scenario.arms if arm in own.values()]


def rank_measurements(
    question: str,
    scenario: Scenario,
    laboratory: Laboratory,
    sets: ParameterSets,
    assays: Sequence[Assay],
    replicates: int,
    at: Sequence[float] = (),
    others: Sequence[Design] = (),
    transfected: tuple[str, ...] = (),
    uptake: float = 1.0,
    asked_in: Scenario | None = None,
    factors: Sequence[float] = (),
) -> InformationRanking:
    """What every measurement of a scenario would tell about a question.

    Parameters
    ----------
    question : str
        See `answers_to`.
    at : sequence of float, hours
        Harvests; each day unless told otherwise.
    others : sequence of Design
        Further measurements in the same members with other doses.
    asked_in : Scenario, optional
        The scenario that the question is about, where it is another one.
    factors : sequence of float
        On each dose of the scenario, one dose at a time: levels that no arm has.
    """
    candidates = candidate_questions(scenario, assays)
    # Of an arm that is not treated yet at a harvest of the user's nothing is asked.
    after = {q: [time for time in at if first_moment(q, scenario)[0] < time] for q in candidates}
    times = {q: harvest_times(q, scenario, own) for q, own in after.items() if own or not at}
    candidates = list(times)
    moments = sorted({time for own in times.values() for time in own})
    designs: list[Design] = []
    answers, weights = None, np.zeros(0)
    for level, variant, asked in dose_levels(candidates, scenario, laboratory, factors):
        readings = member_readouts(variant, asked, moments, laboratory, sets, transfected, uptake)
        if answers is None:  # the scenario as it is written comes first
            weights = readings.result.weights
            context = QuestionContext(asked_in or scenario, laboratory, sets, readings.result.alive, weights)
            answers = answers_to(question, context)
        designs += designs_of(readings, asked, times, level, assays, replicates)
    assert answers is not None
    known = {design.label for design in designs}
    designs += [d for d in others if not d.level.is_as_written and d.label not in known]
    # Members that died at another dose would stand for one another.
    return ranking(answers, [d for d in designs if np.array_equal(d.weights, weights)], weights)


def ranking(answers: Answers, designs: Sequence[Design], weights: np.ndarray) -> InformationRanking:
    """Measurements by what they tell, and a sequence of the most telling.

    Few members tell something about any answer by chance: what they tell about shuffled answers is taken off.
    """
    likelihoods = np.concatenate([answers.likelihood[None], shuffled_answers(answers)])
    measurements, by_chance = [], [0.0]
    for design in designs:
        value, noise = _mean_of(design)
        if np.isfinite(value).all() and np.isfinite(noise).all():
            nats = mutual_information(likelihoods, value, resolved_noise(value, noise, weights), weights)
            measurements.append(RankedMeasurement(design, information_above_chance(nats)))
            by_chance.append(float(nats[1:].max() - nats[1:].mean()))
    ranked = sorted(measurements, key=lambda t: (-round(t.nats, 6), t.design.time, t.design.n_harvests))
    short = [measurement.design for measurement in ranked[:SHORT_LIST]]
    means = [_mean_of(design) for design in short]
    measured = [(value, resolved_noise(value, noise, weights, LENGTH)) for value, noise in means]
    chosen = greedy_sequence(likelihoods, measured, weights, LENGTH)
    sequence = tuple(
        RankedMeasurement(short[which], information_above_chance(nats), error) for which, nats, error in chosen
    )
    return InformationRanking(answers, answers.entropy(weights), tuple(ranked), sequence, max(by_chance))


def _mean_of(design: Design) -> tuple[np.ndarray, np.ndarray]:
    """Value of the measured mean in each member, and its standard error."""
    return design.contrast.value, design.noise / np.sqrt(design.replicates)
