"""How likely measurements are in every member of an ensemble: the fit's own objective, at the members' numbers.

Scales, offsets and noise levels that the scenario leaves free are brought to their best in each member, as in a fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from pathway.scenario.experiment import Scenario
from pathway.scenario.fit_plan import FitUnknown, formula_name
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.measurement_files import read_measurements
from pathway.scenario.sampled_cell_lines import ParameterSets, SampledCellLines

from ..objective import Objective, RunError
from ..problem import Problem, ProblemError
from ..search.inner_optimum import inner_optimum_of_runs
from .scenario_problem import ScenarioProblem

EXACT = 1e-12
"""Tolerance of scales, offsets and noise levels: members are compared, and weights go with the exponential."""


@dataclass(frozen=True, eq=False)
class MemberLikelihoods:
    """The logarithm of the likelihood of measurements in each member.

    Attributes
    ----------
    values : array, shape (n_members,)
        -inf where a member gives no living cells or its experiments cannot be simulated.
    refused : mapping of member to str
        Why.
    deviations, noise : array, shape (n_members, n_measurements)
        Of what each member shows from every measurement that counts, on the scale on which they scatter, and their
        standard deviation there; nan where a member is refused.
    """

    values: np.ndarray
    refused: dict[int, str]
    deviations: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    noise: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))


def member_log_likelihoods(
    scenario: Scenario,
    laboratory: Laboratory,
    sets: ParameterSets,
    progress: Callable[[str, int, int], None] | None = None,
) -> MemberLikelihoods:
    """Of the measurements of a scenario with `[fit]`; which parameters that table names does not matter here.

    Raises
    ------
    ProblemError
        If the scenario has no `[fit]`, or no measurement counts.
    ScenarioError
        If the measurements cannot be read.
    """
    require_fit_table(scenario)
    cells = SampledCellLines(laboratory, sets)
    folder = scenario.file.parent
    lines = {name: cells.line(name, folder) for name in dict.fromkeys(arm.cells for arm in scenario.arms)}
    alive = np.logical_and.reduce([line.alive for line in lines.values()])
    refused = {int(k): cells.reason(int(k)) or "no living cells" for k in np.flatnonzero(~alive)}
    values = np.full(len(sets), -np.inf)
    living = np.flatnonzero(alive)
    if not len(living):
        return MemberLikelihoods(values, refused)
    numbers = {name: line.parameters[living] for name, line in lines.items()}
    problem, columns = _problem_over_members(scenario, laboratory, numbers)
    objective = Objective(problem)
    place = {name: k for k, name in enumerate(problem.names)}
    start = problem.to_scale(problem.nominal)
    counted = objective.assembled.noise.counted[objective.assembled.own_rows]
    deviations, noise = np.full((2, len(sets), counted.sum()), np.nan)
    for done, member in enumerate(living.tolist()):
        if progress is not None:
            progress("members", done, len(living))
        x = start.copy()
        for name, column in columns.items():
            x[place[name]] = column[done]
        try:
            runs = objective.with_runs_kept(x)
        except RunError as error:
            refused[member] = str(error)
            continue
        point, loss = inner_optimum_of_runs(runs, iterations=200, tolerance=EXACT)
        if not np.isfinite(loss):
            refused[member] = "no numbers"
            continue
        values[member] = -loss
        comparison = runs.compare(point[objective.assembled.observed_only])
        deviations[member] = (comparison.residual * comparison.noise)[counted]
        noise[member] = comparison.noise[counted]
    return MemberLikelihoods(values, refused, deviations, noise)


def require_fit_table(scenario: Scenario) -> None:
    """Refuse a scenario that does not say how its measurements scatter.

    Raises
    ------
    ProblemError
    """
    if scenario.fit is None:
        raise ProblemError([f"{scenario.file}: there is no [fit] table; it says how measurements scatter"])


def _problem_over_members(
    scenario: Scenario, laboratory: Laboratory, numbers: dict[str, np.ndarray]
) -> tuple[Problem, dict[str, np.ndarray]]:
    """The scenario's problem in which all numbers that members differ in are unknown, and these numbers by name.

    Anchors are not sought again: `numbers` holds what they are in each member.
    """
    assert scenario.fit is not None
    plan = replace(scenario.fit, parameters=(), anchors="fixed")
    scenario_problem = ScenarioProblem(scenario, laboratory, plan)
    columns: dict[str, np.ndarray] = {}
    for line, values in numbers.items():
        usual = scenario_problem.lines.values(line)
        for k in np.flatnonzero((values != usual).any(axis=0)).tolist():
            parameter, column = laboratory.model.parameters[k], values[:, k]
            name = f"{parameter}_in_{formula_name(line)}"
            low, high = min(usual[k], column.min()), max(usual[k], column.max())
            scenario_problem.unknowns.append(
                FitUnknown(name, parameter, (line,), False, float(usual[k]), float(low), float(high), "linear", None)
            )
            columns[name] = column
    problem = scenario_problem.problem(read_measurements(scenario, laboratory))
    if not Objective(problem).assembled.noise.counted.any():
        raise ProblemError([f"{scenario.file}: no measurement counts"])
    return problem, columns
