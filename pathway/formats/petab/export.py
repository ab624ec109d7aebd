"""A scenario with its measurements as a PEtab 2 problem: the same problem that `pathway fit` works on, written down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from pathway.expressions import add, multiply, symbol, symbols
from pathway.fitting.laboratory.measurement_model import WIDTH
from pathway.fitting.laboratory.scenario_problem import ScenarioProblem
from pathway.fitting.objective import Objective
from pathway.fitting.problem import Measurement, Normalization, Observable, Parameter, Problem
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.experiment import FitParameter, FitPlan, Scenario
from pathway.scenario.fit_plan import CellLineParameters, fit_unknowns, formula_name
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.measurement_files import read_measurements

from ..errors import FormatError
from ..experiment import circuit_notes
from .write import problem_files


def scenario_files(name: str) -> dict[str, str]:
    """A scenario and its measurements as a PEtab 2 problem.

    Parameters
    ----------
    name : str
        A scenario's name or file.

    Returns
    -------
    dict of file name to text
        Tables, SBML model and last the YAML file.

    Raises
    ------
    FormatError
        If the scenario has no measurements, or some that PEtab has no words for.
    ScenarioError
        If the scenario or its measurements cannot be read.

    Notes
    -----
    With `[fit]`, what it says is estimated. Without, the circuit's parameters that have a range, except those that an
    arm changes and those that are anchored to another quantity: their numbers stand in the model and in the conditions.
    What is scaled to 0-1 gets a free scale and offset, since PEtab cannot say that the model is scaled likewise.
    Time 0 of an experiment is its first moment after the rest. doi 10.1371/journal.pcbi.1008646.
    """
    scenario = read_scenario(_scenario_name(name))
    if not scenario.overlays:
        raise FormatError(
            f"scenario '{scenario.name}' has no measurements, which a PEtab problem needs: add a [data] table"
        )
    laboratory = built_in_laboratory()
    points = read_measurements(scenario, laboratory)
    plan = scenario.fit or _everything(scenario, laboratory)
    problem = _with_free_axes(ScenarioProblem(scenario, laboratory, plan).problem(points))
    return problem_files(_with_words(problem), replace(circuit_notes(), title=scenario.title))


def _scenario_name(name: str) -> str:
    from pathway.parameters import cell_lines

    if name in cell_lines():
        raise FormatError(f"'{name}' is a cell line; a PEtab problem is made from a scenario with measurements")
    return name


def _everything(scenario: Scenario, laboratory: Laboratory) -> FitPlan:
    """A plan for all parameters that the course or the rest depends on and that no arm and no anchor decides."""
    model = laboratory.model
    moving = symbols(*model.closed([*model.rates.values(), *model.initial.values(), *model.observables.values()]))
    decided = {anchor.parameter for anchor in laboratory.anchors} | set(_changed(scenario, laboratory))
    lines = CellLineParameters([arm.cells for arm in scenario.arms], laboratory, scenario.file.parent)
    candidates = [FitParameter(n, prior="none") for n in model.parameters if n in moving and n not in decided]
    return FitPlan(tuple(p for p in candidates if _can_be_estimated(p, lines)), anchors="fixed")


def _changed(scenario: Scenario, laboratory: Laboratory) -> Iterable[str]:
    """Parameters that an arm changes, at once or later."""
    for arm in scenario.arms:
        yield from (*arm.changes, *(change.name for change in arm.timed_changes))
        lowered = (*arm.knock_downs, *(change.name for change in arm.timed_knock_downs))
        yield from (name for protein in lowered for name in laboratory.knock_downs[protein].scaled)


def _can_be_estimated(parameter: FitParameter, lines: CellLineParameters) -> bool:
    """Whether it has one value in all lines, inside a range that leaves a choice."""
    try:
        return bool(fit_unknowns(parameter, lines))
    except ValueError:
        return False


def _with_words(problem: Problem) -> Problem:
    """The problem with what the circuit says of each parameter."""
    from pathway.network import circuit

    words = {parameter.name: parameter.meaning for parameter in circuit().parameters}
    return replace(
        problem, parameters=tuple(replace(p, meaning=words.get(p.name, p.meaning)) for p in problem.parameters)
    )


def _with_free_axes(problem: Problem) -> Problem:
    """What is scaled to 0-1, with a scale and an offset that begin where the model's own scaling has them."""
    minmax = {n.name: n for n in problem.normalizations if n.kind == "minmax"}
    lines = [p for n in minmax.values() for p in _line(problem, n)]
    scaled = {n.observable for n in minmax.values()}
    held = {m.experiment for m in problem.measurements} - {m.experiment for m in problem.measurements if m.counted}
    return replace(
        problem,
        parameters=(*problem.parameters, *lines),
        observables=tuple(_on_a_line(o) if o.name in scaled else o for o in problem.observables),
        measurements=tuple(
            _freed(m, m.experiment not in held) if m.normalization in minmax else m for m in problem.measurements
        ),
        normalizations=tuple(n for n in problem.normalizations if n.name not in minmax),
    )


def _places(name: str) -> tuple[str, str]:
    """Placeholders of an observable for scale and offset."""
    return f"scale_of_{formula_name(name)}", f"offset_of_{formula_name(name)}"


def _on_a_line(o: Observable) -> Observable:
    scale, offset = map(symbol, _places(o.name))
    return replace(o, formula=add(offset, multiply(scale, o.formula)))


def _freed(m: Measurement, counted: bool) -> Measurement:
    """A point with its scale and offset; those that were true by construction count as the others do."""
    names = (f"scale_{formula_name(m.normalization)}", f"offset_{formula_name(m.normalization)}")
    put = dict(zip(_places(m.observable), map(symbol, names), strict=True))
    return replace(m, normalization="", counted=counted, placeholders={**m.placeholders, **put})


def _line(problem: Problem, n: Normalization) -> tuple[Parameter, Parameter]:
    """Scale and offset that bring the model's own extremes to 1 and 0."""
    blank = next(m for m in problem.measurements if m.normalization == n.name)
    bare = [replace(blank, experiment=e, time=t, normalization="") for e, t in n.points]
    simulated = Objective(replace(problem, measurements=tuple(bare), normalizations=())).compare().simulated
    low, high = float(np.min(simulated)), float(np.max(simulated))
    scale, offset = 1.0 / (high - low), -low / (high - low)
    reach = 10.0 * max(1.0, abs(offset))
    name, words = formula_name(n.name), f"of {n.observable}, scaled to 0-1"
    return (
        Parameter(f"scale_{name}", scale, scale / WIDTH, scale * WIDTH, "log10", meaning=f"scale {words}"),
        Parameter(f"offset_{name}", offset, -reach, reach, meaning=f"offset {words}"),
    )
