"""One number for one question: every shipped scenario through each door by which a number can leave.

The doors: `run`; the objective of a fit (anchors found anew, knock-downs in its own way), by itself, with slopes, and
with the steps kept for a gradient backwards; an ensemble of parameter sets; the ensemble on which analyses run; each
arm as SBML, read back; all arms as a PEtab problem, read back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pathway.analysis.arms_under_draws import arms_under_draws, simulate_draws
from pathway.analysis.draws import ParameterDraws
from pathway.fitting.laboratory.scenario_problem import prediction_problem
from pathway.fitting.objective import RunOutputs
from pathway.fitting.objective.assembled import AssembledProblem, simulation_plan
from pathway.fitting.problem import Problem
from pathway.formats.experiment import circuit_notes, exported_arms
from pathway.formats.petab import read_petab
from pathway.formats.petab.write import problem_files
from pathway.formats.sbml import read_sbml
from pathway.formats.sbml.export import sbml_text
from pathway.scenario import arms as scenario_arms
from pathway.scenario import built_in_laboratory, members, read_scenario, sampled_cell_lines, scenario_names
from pathway.scenario import run as scenario_run
from pathway.scenario.ensemble_result import EnsembleOrigin
from pathway.scenario.experiment import FitParameter, FitPlan, Scenario
from pathway.scenario.members import run_members as run_ensemble
from pathway.scenario.run import record_times, run_scenario
from pathway.scenario.sampled_cell_lines import ParameterSets
from pathway.simulation import simulate
from pathway.simulation.protocol.runner import Runner
from tests.formats.written import written

SHARP = 1e-10
QUICK = ("pten_knock_down", "untreated_rest")
"""Knock-downs, and a line that is lowered; every other scenario behind the slow marker."""
SCENARIOS = [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in scenario_names()]


@dataclass(frozen=True, eq=False)
class Asked:
    """A scenario, and at which moments it is asked.

    Attributes
    ----------
    times : array, shape (n_times,)
        Among those that `run` records.
    tolerance : dict
        What a simulation is told; nothing at the usual tolerances.
    answers : array, shape (n_arms, n_observables, n_times)
        Of `run`.
    """

    scenario: Scenario
    times: np.ndarray
    tolerance: dict[str, float]
    answers: np.ndarray


@cache
def asked(name: str, sharp: bool) -> Asked:
    scenario = read_scenario(name)
    with pytest.MonkeyPatch.context() as patch:
        if sharp:
            patch.setattr(scenario_run, "RELATIVE_TOLERANCE", SHARP)
            patch.setattr(scenario_arms, "KNOCK_DOWN_PRECISION", SHARP)
        arms = run_scenario(scenario).arms
    recorded = arms[scenario.arms[0].name].times
    places = np.unique(np.linspace(0, len(recorded) - 1, 9).astype(int))
    answers = [[arms[arm.name].courses[o][places] for o in scenario.observables] for arm in scenario.arms]
    tolerance = {"relative_tolerance": SHARP} if sharp else {}
    return Asked(scenario, recorded[places], tolerance, np.array(answers))


def fitting_problem(question: Asked) -> Problem:
    """The scenario as a problem whose measurements say by their values which answer they stand for."""
    scenario = question.scenario
    plan = FitPlan((FitParameter("k_PI3K", prior="none"),), anchors="follow")
    problem = prediction_problem(replace(scenario, fit=plan), scenario, moments=1)
    asking = {(m.experiment, m.observable): m for m in problem.measurements}
    keys = [(arm.name, observable) for arm in scenario.arms for observable in scenario.observables]
    places = [(key, time) for key in keys for time in question.times.tolist()]
    measurements = (replace(asking[key], time=time, value=float(k)) for k, (key, time) in enumerate(places, start=1))
    return replace(problem, measurements=tuple(measurements))


def simulated(problem: Problem, question: Asked, run: Callable[[Runner, np.ndarray], RunOutputs]) -> np.ndarray:
    """What the objective simulates, in the order of the answers."""
    runner, assembled = Runner(simulation_plan(problem), **question.tolerance), AssembledProblem(problem)
    q = assembled.plan.full(problem.nominal)
    found, _ = assembled.observed.values(assembled.observed.pool.filled(run(runner, q), q[None]))
    values = np.full(question.answers.size, np.nan)
    for measurement, value in zip(problem.measurements, found[0][assembled.own_rows], strict=True):
        values[round(measurement.value) - 1] = value
    return values.reshape(question.answers.shape)


def by_values(runner: Runner, q: np.ndarray) -> RunOutputs:
    found = runner.run_many(q[None])
    assert not found.failures
    return RunOutputs(found.states[0], found.parameters[0])


def through_the_objective(question: Asked, folder: Path) -> np.ndarray:
    return simulated(fitting_problem(question), question, by_values)


def through_its_slopes(question: Asked, folder: Path) -> np.ndarray:
    return simulated(fitting_problem(question), question, Runner.run)


def through_its_gradient_backwards(question: Asked, folder: Path) -> np.ndarray:
    return simulated(fitting_problem(question), question, lambda runner, q: runner.adjoint(q).recorded)


def through_petab(question: Asked, folder: Path) -> np.ndarray:
    *_, problem = written(problem_files(fitting_problem(question), circuit_notes()), folder)
    return simulated(read_petab(problem), question, by_values)


def through_members(question: Asked, folder: Path) -> np.ndarray:
    scenario, laboratory = question.scenario, built_in_laboratory()
    names = laboratory.model.parameters
    # One set that is every line's own numbers: anchors are found anew from there.
    own = ParameterSets(
        EnsembleOrigin("prior"), np.ones(1), lambda line: np.array([[line.entries[name].value for name in names]])
    )
    arms = run_ensemble(scenario, laboratory, own).arms
    places = np.searchsorted(record_times(scenario), question.times)
    return np.array([[arms[arm.name].courses[o][0, places] for o in scenario.observables] for arm in scenario.arms])


def through_an_analysis(question: Asked, folder: Path) -> np.ndarray:
    scenario, laboratory = question.scenario, built_in_laboratory()
    # A draw that is the line's own numbers: changes, knock-downs and rest are then worked out as for any draw.
    own = ParameterDraws("prior", 1, lambda cells, folder: laboratory.parameters_of(cells, folder)[None])
    values = []
    for cells in arms_under_draws(scenario, scenario.arms, laboratory, own):
        times, shown = question.times, scenario.observables
        ensemble = simulate_draws(
            laboratory, cells.parameters, cells.states, cells.plans, times, shown, workers=1, **question.tolerance
        )
        values.append([ensemble[observable][1] for observable in shown])
    return np.array(values)


def through_sbml(question: Asked, folder: Path) -> np.ndarray:
    scenario, values = question.scenario, []
    for experiment in exported_arms(scenario):
        text = sbml_text(experiment.model, doses=experiment.doses, notes=experiment.notes)
        (file,) = written({"arm.xml": text}, folder)
        # A file's time 0 is the scenario's first moment.
        course = simulate(read_sbml(file).model, question.times - scenario.start, **question.tolerance)
        values.append([course[observable] for observable in scenario.observables])
    return np.array(values)


DOORS: dict[str, Callable[[Asked, Path], np.ndarray]] = {
    "objective of a fit": through_the_objective,
    "slopes of a fit": through_its_slopes,
    "gradient backwards": through_its_gradient_backwards,
    "members": through_members,
    "analysis": through_an_analysis,
    "SBML": through_sbml,
    "PEtab": through_petab,
}


@pytest.mark.parametrize("sharp", [True, False], ids=["sharp", "usual"])
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_gives_one_number_through_every_door(name, door, sharp, tmp_path, monkeypatch):
    question = asked(name, sharp)
    if sharp:
        monkeypatch.setattr(scenario_arms, "KNOCK_DOWN_PRECISION", SHARP)
        monkeypatch.setattr(sampled_cell_lines, "PRECISION", SHARP)
        monkeypatch.setattr(members, "RELATIVE_TOLERANCE", SHARP)
    values = DOORS[door](question, tmp_path)
    size = np.abs(question.answers).max(axis=2, keepdims=True)
    # PTEN of a line that has lost it is 0 through one door and 1e-27 through another.
    size = np.maximum(size, 1e-12 * size.max(axis=0))
    off = np.abs(values - question.answers) - (1e-8 if sharp else 1e-5) * size
    assert np.isfinite(values).all()
    arm, observable, time = np.unravel_index(np.argmax(off), off.shape)
    where = f"{question.scenario.arms[arm].name}, {question.scenario.observables[observable]}, {question.times[time]} h"
    assert off.max() <= 0.0, where
