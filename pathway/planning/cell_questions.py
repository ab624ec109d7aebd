"""Named questions about the cell, and what every member answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pathway.errors import did_you_mean
from pathway.network import circuit
from pathway.network.loops import MIR21_TO_PTEN
from pathway.scenario.controls import without_doses
from pathway.scenario.experiment import Arm, Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.members import run_members
from pathway.scenario.sampled_cell_lines import ParameterSets

from .assays import PlanError
from .information import Answers, categorical_answers, numeric_answers

THROUGH_PTEN = "miR-21 acts through PTEN"
P110BETA_OR_SRC = "p110beta or Src"
TWO_LOOPS = {"p110beta": "PI3K_beta_PTEN", "Src": "k_PTEN_phosphorylation"}
"""What the second question is about: the gain of p110beta at low PTEN, and Src on PTEN."""
OF_MIR21 = ("antimiR_lipoplex", "antimiR_medium", "mimic_lipoplex")
READ_AS = "pAKT"
HALF = 0.5
"""Share of the effect of an oligo on pAKT that is gone with the edge from miR-21 to PTEN."""


@dataclass(frozen=True, eq=False)
class QuestionContext:
    """Of whom a question is asked.

    Attributes
    ----------
    scenario : Scenario
    laboratory : Laboratory
    sets : ParameterSets
    alive : int array, shape (n_members,)
        The members that answer.
    weights : array, shape (n_members,)
    """

    scenario: Scenario
    laboratory: Laboratory
    sets: ParameterSets
    alive: np.ndarray
    weights: np.ndarray


def answers_to(question: str, asked: QuestionContext) -> Answers:
    """What members answer to a question.

    Parameters
    ----------
    question : str
        `THROUGH_PTEN`, `P110BETA_OR_SRC`, a loop of the circuit ("Src on PTEN"), a finding or claim of the scenario
        ("V4"), or a parameter.
    asked : QuestionContext

    Raises
    ------
    PlanError
        If it is nothing of this.
    """
    loops = {loop.name: loop.switched_off for loop in circuit().loops}
    findings = [name for e in asked.scenario.expectations for name in (e.finding, e.claim) if name]
    if question == THROUGH_PTEN:
        return _through_pten(asked)
    if question == P110BETA_OR_SRC:
        return _which_loops(asked)
    if question in loops:
        on = _has_loop(asked, loops[question])
        return _yes_or_no(f"does the cell have '{question}'?", on, asked)
    if question in findings:
        return _finding(question, asked)
    if question in asked.laboratory.model.parameters:
        values = _parameter(asked, question)
        if (values > 0.0).all():
            return numeric_answers(f"how large is {question} (its logarithm)?", np.log(values), asked.weights)
        return numeric_answers(f"how large is {question}?", values, asked.weights)
    known = [THROUGH_PTEN, P110BETA_OR_SRC, *loops, *findings, *asked.laboratory.model.parameters]
    raise PlanError(
        f"no question is called '{question}'.{did_you_mean(question, known)} Ask '{THROUGH_PTEN}', "
        f"'{P110BETA_OR_SRC}', for a loop ('Src on PTEN'), a finding of the scenario, or a parameter"
    )


def _yes_or_no(words: str, yes: np.ndarray, asked: QuestionContext) -> Answers:
    return categorical_answers(words, ["yes" if one else "no" for one in yes], asked.weights)


def _parameter(asked: QuestionContext, name: str) -> np.ndarray:
    """Of the scenario's cells in each member, before anything is anchored."""
    assert asked.laboratory.line_of is not None
    line = asked.laboratory.line_of(asked.scenario.cells, asked.scenario.file.parent)
    values = asked.sets.values_of(line)[:, asked.laboratory.model.parameter_index(name)]
    return np.asarray(values[asked.alive])


def _has_loop(asked: QuestionContext, switched_off: Mapping[str, float]) -> np.ndarray:
    return np.logical_or.reduce([_parameter(asked, name) != off for name, off in switched_off.items()])


def _which_loops(asked: QuestionContext) -> Answers:
    has = {word: _has_loop(asked, {parameter: 0.0}) for word, parameter in TWO_LOOPS.items()}
    names = [" and ".join(word for word, on in has.items() if on[k]) or "neither" for k in range(len(asked.weights))]
    return categorical_answers(
        "does low PTEN act with p110beta's gain, with Src on PTEN, both or neither?", names, asked.weights
    )


def _finding(name: str, asked: QuestionContext) -> Answers:
    """Whether a member meets the first expectation of the finding, or the one that claims this."""
    expectation = next(e for e in asked.scenario.expectations if name in (e.finding, e.claim))
    result = run_members(replace(asked.scenario, expectations=(expectation,)), asked.laboratory, asked.sets)
    met = np.zeros(len(asked.sets), dtype=bool)
    met[result.alive] = result.verdicts[0].met
    words = f"{expectation.finding}: {expectation.claim}?" if expectation.finding else f"{expectation.claim}?"
    return _yes_or_no(words, met[asked.alive], asked)


def _through_pten(asked: QuestionContext) -> Answers:
    """Whether most of what an oligo on miR-21 does to pAKT is gone where miR-21 does nothing to PTEN."""
    scenario, agents = asked.scenario, asked.laboratory.agents
    oligos = [n for n, dose in scenario.doses.items() if agents[dose.agent].species in OF_MIR21]
    arm = next((a for a in scenario.arms if set(a.doses) & set(oligos) and not a.changes), None)
    if arm is None:
        raise PlanError(f"{scenario.file}: '{THROUGH_PTEN}' needs an arm with an anti-miR-21 or a miR-21 mimic")
    own = {name: _effect(asked, arm, oligos, cut) for name, cut in (("whole", {}), ("cut", _cut()))}
    with np.errstate(divide="ignore", invalid="ignore"):
        through = 1.0 - own["cut"] / own["whole"]
    words = f"does at least half of the effect of '{arm.name}' on {READ_AS} go through PTEN?"
    return _yes_or_no(words, through >= HALF, asked)


def _cut() -> dict[str, str]:
    return {name: f"{value:g}" for name, value in MIR21_TO_PTEN.items()}


def _effect(asked: QuestionContext, arm: Arm, oligos: Sequence[str], changes: Mapping[str, str]) -> np.ndarray:
    """Logarithm of pAKT with the oligo over pAKT without it, at the end, shape (n_members,)."""
    one = replace(arm, name="with", control=None, changes=dict(changes))
    two = replace(without_doses(one, oligos), name="without")
    scenario = replace(asked.scenario, arms=(one, two), observables=(READ_AS,), growth_of=(), expectations=(),
                       overlays=(), fit=None)  # fmt: skip
    times = np.array([scenario.start, scenario.end])
    result = run_members(scenario, asked.laboratory, asked.sets, times=times)
    ratio = np.full(len(asked.sets), np.nan)
    ratio[result.alive] = np.log(
        result.arms["with"].courses[READ_AS][:, -1] / result.arms["without"].courses[READ_AS][:, -1]
    )
    return np.asarray(ratio[asked.alive])
