"""A scenario with measurements and a table `[fit]` as the plain `Problem` that the rest of the room works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from pathway.expressions import Expression, multiply, number, symbol
from pathway.parameters import ANCHORED, Anchor, CellLine, anchors_solved_in_line
from pathway.scenario.arms import CellLineFormulas, arm_experiment
from pathway.scenario.experiment import Arm, FitObservable, FitPlan, MeasurementTable, PriorChoice, Scenario
from pathway.scenario.fit_plan import CellLineParameters, FitUnknown, fit_unknowns
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.measurement_files import read_measurements
from pathway.scenario.measurements import Measurement as Point
from pathway.simulation.protocol import Experiment

from ..priors import Prior
from ..problem import Parameter, Problem, ProblemError
from .feedback import with_integral_feedback
from .measurement_model import MeasurementModel, with_starting_values

FITTED = "fit"
"""The source of numbers that a fit has found."""


def problem_of_scenario(scenario: Scenario, laboratory: Laboratory | None = None) -> Problem:
    """The fitting problem of a scenario.

    Parameters
    ----------
    scenario : Scenario
        With `[fit]` and `[data]`.
    laboratory : Laboratory, optional
        The package's own unless told otherwise.

    Returns
    -------
    Problem
        Experiments are the arms, in hours; scales, offsets and noise levels begin at their best values for the
        scenario's own parameters.

    Raises
    ------
    ProblemError
        If the scenario has no `[fit]`.
    ScenarioError
        If the measurements cannot be read.
    """
    if laboratory is None:
        from pathway.scenario import built_in_laboratory

        laboratory = built_in_laboratory()
    if scenario.fit is None:
        raise ProblemError([f"{scenario.file}: there is no [fit] table; write for example [fit] parameters = [...]"])
    points = read_measurements(scenario, laboratory)
    return ScenarioProblem(scenario, laboratory, scenario.fit).problem(points)


def prediction_problem(
    fitted: Scenario, other: Scenario, laboratory: Laboratory | None = None, moments: int = 25
) -> Problem:
    """Another scenario as a problem over the parameters of a fit, for predicting what it would show.

    Its measurements are what it shows, in every arm at evenly spaced moments; their values do not matter.

    Parameters
    ----------
    fitted : Scenario
        With `[fit]`: which parameters are estimated, and how lines share them.
    other : Scenario
    laboratory : Laboratory, optional
    moments : int
        From its first moment to its end.

    Raises
    ------
    ProblemError
        If the first scenario has no `[fit]`.
    """
    if laboratory is None:
        from pathway.scenario import built_in_laboratory

        laboratory = built_in_laboratory()
    if fitted.fit is None:
        raise ProblemError([f"{fitted.file}: there is no [fit] table"])
    times = np.linspace(other.start, other.end, moments)
    points = [
        Point(arm.name, float(time), name, 1.0, laboratory.units[name])
        for arm in other.arms
        for name in other.observables
        for time in times
    ]
    shown = {name: FitObservable(scale="none", noise=1.0) for name in other.observables}
    plan = replace(fitted.fit, observables=shown, hold_out=())
    return ScenarioProblem(replace(other, overlays=(MeasurementTable(other.file),)), laboratory, plan).problem(points)


@dataclass(eq=False)
class ScenarioProblem:
    """The parts of a scenario's problem.

    Attributes
    ----------
    scenario : Scenario
    laboratory : Laboratory
    plan : FitPlan
    """

    scenario: Scenario
    laboratory: Laboratory
    plan: FitPlan

    def __post_init__(self) -> None:
        scenario = self.scenario
        self.lines = CellLineParameters([arm.cells for arm in scenario.arms], self.laboratory, scenario.file.parent)
        self._refuse_lines_between()
        self.unknowns = [unknown for wanted in self.plan.parameters for unknown in fit_unknowns(wanted, self.lines)]
        self.values = self.lines.values(self.lines.names[0])
        self.shared = {u.name for u in self.unknowns if u.name == u.parameter}
        self._base: dict[str, Expression] = {
            name: symbol(name) if name in self.shared else number(float(value))
            for name, value in zip(self.laboratory.model.parameters, self.values, strict=True)
        }
        self._line_formulas: dict[str, dict[str, Expression]] = {}

    def problem(self, points: Sequence[Point]) -> Problem:
        """The problem with these measurements."""
        values, arms = self.values, self.scenario.arms
        model = replace(self.laboratory.model, name=self.scenario.name, parameter_values=values)
        model, experiments, switches = with_integral_feedback(model, [self._experiment(arm) for arm in arms])
        readings = MeasurementModel(model, self.scenario, self.plan, points)
        plain = Problem(
            name=self.scenario.name,
            model=model,
            parameters=(*map(self._parameter, self.unknowns), *readings.parameters),
            experiments=experiments,
            observables=readings.observables,
            measurements=readings.measurements,
            normalizations=readings.normalizations,
            switches=switches,
            facts=self._own_numbers,
        )
        return with_starting_values(plain, readings.users)

    @cached_property
    def anchors(self) -> tuple[Anchor, ...]:
        """Anchored parameters that follow: not those that are estimated themselves."""
        if self.plan.anchors == "fixed" or not self.unknowns:
            return ()
        chosen = {unknown.parameter for unknown in self.unknowns}
        return tuple(anchor for anchor in self.laboratory.anchors if anchor.parameter not in chosen)

    @property
    def _own_numbers(self) -> frozenset[str]:
        """Parameters that a line, or a parent of it, does not take from the reference."""
        own: set[str] = set()
        for cells in self.lines.names:
            line = self.lines.line(cells)
            while line is not None:
                own |= set(line.own)
                line = self.lines.line(line.parent) if line.parent else None
        return frozenset(own)

    def _parameter(self, unknown: FitUnknown) -> Parameter:
        unit = "1" if unknown.is_factor else self.laboratory.parameters[unknown.parameter]
        return Parameter(
            name=unknown.name,
            value=unknown.value,
            lower=unknown.lower,
            upper=unknown.upper,
            scale=unknown.scale,
            prior=_prior(unknown.prior, unknown.scale),
            unit=unit,
            meaning=_meaning(unknown),
        )

    # Cells

    def line_formula(self, cells: str, parameter: str) -> Expression:
        """What a parameter is in a line: a number, or something that is estimated."""
        value = float(self.lines.values(cells)[self.laboratory.model.parameter_index(parameter)])
        for unknown in self.unknowns:
            if unknown.parameter == parameter and self.covers(unknown, cells):
                return multiply(number(value), symbol(unknown.name)) if unknown.is_factor else symbol(unknown.name)
        return number(value)

    def covers(self, unknown: FitUnknown, cells: str) -> bool:
        """Whether something to be estimated stands in a line, also in one that is only the parent of an arm's."""
        if cells in unknown.cells or unknown.cells == self.lines.names:
            return True
        return any(self.lines.owner(unknown.parameter, name) == cells for name in unknown.cells)

    def _line(self, cells: str) -> dict[str, Expression]:
        """Every parameter of a line."""
        if cells not in self._line_formulas:
            formulas = {name: self.line_formula(cells, name) for name in self.laboratory.model.parameters}
            if self._written(cells):  # its own numbers hold what following has once added
                formulas |= {
                    a.parameter: self.line_formula(self.anchored_line(cells), a.parameter) for a in self.anchors
                }
            self._line_formulas[cells] = formulas
        return self._line_formulas[cells]

    def _experiment(self, arm: Arm) -> Experiment:
        lost = self.lost(self.anchored_line(arm.cells))
        anchors = tuple(anchor for anchor in self.anchors if anchor.parameter not in lost)
        line = CellLineFormulas(self._line(arm.cells), self.anchoring_cells(arm.cells), anchors)
        return arm_experiment(arm, self.scenario, self.laboratory, line, self._base)

    def anchored_line(self, cells: str) -> str:
        """The line in which anchored parameters are found: a line that does not set them itself has its parent's."""
        anchors = self.anchors
        if not anchors:
            return cells
        written = self._written(cells)
        return self.lines.owner(anchors[0].parameter, written.parent if written and written.parent else cells)

    def _written(self, cells: str) -> CellLine | None:
        """The line, if a fit has written it of cells whose anchors are found in their parents."""
        anchors, line = self.anchors, self.lines.line(cells)
        if not anchors or line is None or line.parent is None:
            return None
        name = anchors[0].parameter
        follows = name in line.own and line.entries[name].source == ANCHORED
        return line if follows and self.lines.owner(name, line.parent) != line.parent else None

    def anchoring_cells(self, cells: str) -> dict[str, Expression]:
        """Every parameter of the cells in which anchored parameters of a line are found.

        A fit whose line was written moved the parents as well where the line has a number from them.
        """
        root = self.anchored_line(cells)
        formulas, written = self._line(root), self._written(cells)
        if written is None or written.parent is None:
            return formulas
        moved = [
            name
            for name in written.own
            if written.entries[name].source == FITTED and self.lines.owner(name, written.parent) == root
        ]
        return {**formulas, **{name: self._line(cells)[name] for name in moved}}

    def lost(self, cells: str) -> frozenset[str]:
        """Anchored parameters that a line decides itself: 0, as of a gene that is lost, or a number of its own."""
        index = self.laboratory.model.parameter_index
        values, line = self.lines.values(cells), self.lines.line(cells)
        decided = set() if line is None else {n for n in line.own if line.entries[n].source != ANCHORED}
        names = (anchor.parameter for anchor in self.anchors)
        return frozenset(name for name in names if values[index(name)] == 0.0 or name in decided)

    def _refuse_lines_between(self) -> None:
        """Lines with a parent in which something is found anew: what follows would have to be found twice.

        Raises
        ------
        ProblemError
        """
        for cells in self.lines.names if self.plan.anchors == "follow" else ():
            name: str | None = cells
            while name is not None and (line := self.lines.line(name)) is not None:
                if line.parent is not None and anchors_solved_in_line(line):
                    stated = ", ".join(str(anchor.stated_by) for anchor in anchors_solved_in_line(line))
                    raise ProblemError(
                        [
                            f"{name}: a line with a parent and a {stated} of its own cannot be fitted while anchors "
                            'follow; write [fit] anchors = "fixed", or give the file all its numbers and no parent'
                        ]
                    )
                name = line.parent


def _prior(choice: PriorChoice | None, scale: str) -> Prior | None:
    if choice is None:
        return None
    if choice.distribution == "log-normal" and scale == "log10":
        # A density of the logarithm, so that the most probable value is the center, whatever the spread.
        return Prior("normal", (float(np.log10(choice.center)), choice.spread / np.log(10.0)), on_scale=True)
    if choice.distribution == "log-normal":
        return Prior("log_normal", (float(np.log(choice.center)), choice.spread))
    return Prior("normal", (choice.center, choice.spread))


def _meaning(unknown: FitUnknown) -> str:
    lines = ", ".join(Path(cells).stem for cells in unknown.cells)
    if unknown.is_factor:
        return f"factor on {unknown.parameter} of {lines}"
    return unknown.parameter if unknown.name == unknown.parameter else f"{unknown.parameter} of {lines}"
