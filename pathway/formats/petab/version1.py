"""PEtab 1: wide condition table, pre-equilibration named in the measurement table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pathway.errors import did_you_mean
from pathway.expressions import Expression, number, symbols
from pathway.fitting.priors import Prior
from pathway.fitting.problem import Measurement, Observable, Parameter, ProblemError
from pathway.simulation.protocol import Experiment, Period

from ..sbml import SbmlModel
from .tables import TableRow, check_lists, checked_parameter, each_row, read_tables, require_tables

TABLES = ("condition", "measurement", "observable", "mapping", "visualization")
_SCALES = {"": "linear", "lin": "linear", "log": "log", "log10": "log10"}
_PRIORS = {
    "uniform": ("uniform", False),
    "normal": ("normal", False),
    "laplace": ("laplace", False),
    "logNormal": ("log_normal", False),
    "logLaplace": ("log_laplace", False),
    "parameterScaleUniform": ("uniform", True),
    "parameterScaleNormal": ("normal", True),
    "parameterScaleLaplace": ("laplace", True),
}


def model_file(content: Any, path: Path) -> str:
    """The SBML file of a PEtab 1 problem."""
    files = _only_part(content, path).get("sbml_files") or []
    files = [files] if isinstance(files, str) else files
    if len(files) != 1:
        raise ProblemError([f"{path}: {len(files)} SBML files are listed; exactly one is supported"])
    return str(files[0])


def ids_with_values(content: Any, path: Path) -> set[str]:
    """What the tables give a value to, wholly or in some conditions."""
    rows = read_tables(path.parent, content.get("parameter_file"), ("parameterId",))
    conditions = read_tables(path.parent, _only_part(content, path).get("condition_files"), ("conditionId",))
    return {row.text("parameterId") for row in rows} | {column for row in conditions for column in row.cells}


def _only_part(content: Any, path: Path) -> Any:
    parts = content.get("problems") or []
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise ProblemError([f"{path}: problems is '{str(parts)[:40]}'; expected a list of tables"])
    if len(parts) != 1:
        raise ProblemError([f"{path}: {len(parts)} problems are listed; exactly one is supported"])
    check_lists(content, ("parameter_file",), path)
    check_lists(parts[0], ("sbml_files", *(f"{kind}_files" for kind in TABLES)), path)
    return parts[0]


def parts_of_problem(content: Any, path: Path, declared: SbmlModel) -> dict[str, Any]:
    """The parts of the problem that the tables listed in a PEtab 1 file describe, identifiers as they stand there."""
    part, folder = _only_part(content, path), path.parent
    require_tables(content, ("parameter_file",), path)
    require_tables(part, ("condition_files", "measurement_files", "observable_files"), path)
    mistakes: list[str] = []
    condition_rows = read_tables(folder, part.get("condition_files"), ("conditionId",), mistakes)
    each_row(condition_rows, lambda row: row, mistakes, "conditionId")
    conditions = {row.text("conditionId"): row for row in condition_rows}
    rows = read_tables(
        folder,
        part.get("measurement_files"),
        ("observableId", "simulationConditionId", "measurement", "time"),
        mistakes,
    )
    observable_rows = read_tables(
        folder, part.get("observable_files"), ("observableId", "observableFormula", "noiseFormula"), mistakes
    )
    if not rows and not mistakes:
        mistakes.append(f"{path}: the measurement tables hold no measurements")
    parameter_rows = read_tables(folder, content.get("parameter_file"), ("parameterId", "estimate"), mistakes)
    parameters = each_row(parameter_rows, _parameter, mistakes, "parameterId")
    observables = each_row(observable_rows, _observable, mistakes, "observableId")
    if len(observables) < len(observable_rows):  # nothing can be said of their placeholders
        raise ProblemError(mistakes)
    placeholders = {row.text("observableId"): _placeholders(row) for row in reversed(observable_rows)}
    first = {_conditions_of(row): row for row in reversed(rows)}
    pairs = {pair: first[pair] for pair in map(_conditions_of, rows)}
    experiments = each_row(
        pairs.values(), lambda row: _experiment(_conditions_of(row), conditions, row, declared), mistakes
    )
    wrong: list[str] = []
    measurements = each_row(rows, lambda row: _measurement(row, placeholders), wrong)
    if mistakes:
        raise ProblemError([*mistakes, *wrong])
    return dict(
        name=path.stem,
        model=declared.model,
        parameters=parameters,
        experiments=experiments,
        observables=observables,
        measurements=measurements,
        wrong_measurements=wrong,
    )


def _conditions_of(row: TableRow) -> tuple[str, str]:
    """Pre-equilibration ("" for none) and simulation condition of a measurement."""
    return row.text("preequilibrationConditionId"), row.text("simulationConditionId")


def experiment_name(before: str, condition: str) -> str:
    """How a pair of pre-equilibration and simulation condition is called."""
    return f"{before} then {condition}" if before else condition


def _experiment(
    key: tuple[str, str], conditions: dict[str, TableRow], where: TableRow, declared: SbmlModel
) -> Experiment:
    before, condition = key
    for name in (before, condition) if before else (condition,):
        if name not in conditions:
            raise ProblemError([f"{where.place}: no condition is called '{name}'.{did_you_mean(name, conditions)}"])
    if not before:
        return Experiment(condition, (Period(0.0, _changes(conditions[condition])),))
    first, second = _changes(conditions[before]), _changes(conditions[condition])
    # What a condition leaves open is, for a species or a compartment, the result of the pre-equilibration; a parameter
    # goes back to the model's own value.
    values = dict(zip(declared.model.parameters, map(float, declared.model.parameter_values), strict=True))
    for name in first:
        if name not in second and math.isnan(values.get(name, 0.0)) and name not in declared.compartments:
            raise ProblemError([f"{conditions[condition].place}: '{name}' is left open and has no value in the model"])
    reset = {n: number(values[n]) for n in first if n in values and n not in second and n not in declared.compartments}
    return Experiment(experiment_name(before, condition), (Period(-math.inf, first), Period(0.0, second | reset)))


def _changes(row: TableRow) -> dict[str, Expression]:
    """What a condition sets; an empty or NaN cell leaves its entity as it is."""
    columns = [c for c in row.cells if c and c not in ("conditionId", "conditionName")]
    return {column: row.formula(column) for column in columns if row.text(column)}


def _parameter(row: TableRow) -> Parameter:
    scale = _scale(row, "parameterScale")
    lower, upper = row.number("lowerBound", -math.inf), row.number("upperBound", math.inf)
    kind = row.text("objectivePriorType")
    # Flat on the parameter's own scale between the bounds: a constant, hence no prior.
    prior = _prior(row, "objectivePrior") if kind not in ("", "parameterScaleUniform") else None
    parameter = Parameter(
        name=row.text("parameterId"),
        value=row.number("nominalValue", math.nan),
        lower=lower,
        upper=upper,
        scale=scale,
        estimated=_estimated(row),
        prior=prior,
        start=_prior(row, "initializationPrior") if row.text("initializationPriorType") else None,
        meaning=row.text("parameterName"),
    )
    return checked_parameter(row, parameter)


def _estimated(row: TableRow) -> bool:
    text = row.text("estimate")
    if text not in ("0", "1", "0.0", "1.0"):
        raise ProblemError([f"{row.place}: estimate is '{text}'; expected 0 or 1"])
    return float(text) == 1.0


def _scale(row: TableRow, column: str) -> str:
    text = row.text(column)
    if text not in _SCALES:
        raise ProblemError([f"{row.place}: {column} is '{text}'; expected lin, log or log10"])
    return _SCALES[text]


def _prior(row: TableRow, column: str) -> Prior | None:
    kind = row.text(f"{column}Type")
    if kind not in _PRIORS:
        raise ProblemError([f"{row.place}: {column}Type is '{kind}'; expected one of {', '.join(_PRIORS)}"])
    distribution, on_scale = _PRIORS[kind]
    text = row.text(f"{column}Parameters")
    if not text:
        return None
    try:
        return Prior(distribution, tuple(float(part) for part in text.split(";")), on_scale)
    except ValueError as mistake:
        raise ProblemError([f"{row.place}: {column}Parameters '{text}': {mistake}"]) from None


def _observable(row: TableRow) -> Observable:
    distribution = row.text("noiseDistribution") or "normal"
    if distribution not in ("normal", "laplace"):
        raise ProblemError([f"{row.place}: noiseDistribution is '{distribution}'; expected normal or laplace"])
    return Observable(
        name=row.text("observableId"),
        formula=row.formula("observableFormula"),
        noise=row.formula("noiseFormula"),
        distribution=distribution,
        transformation=_scale(row, "observableTransformation"),
    )


def _placeholders(row: TableRow) -> tuple[list[str], list[str]]:
    """Names of the observable's and of the noise's placeholders, in order."""
    name = row.text("observableId")
    used = symbols(row.formula("observableFormula"), row.formula("noiseFormula"))
    return _numbered("observableParameter", name, used), _numbered("noiseParameter", name, used)


def _numbered(kind: str, observable: str, used: Iterable[str]) -> list[str]:
    pattern = re.compile(rf"{kind}(\d+)_{re.escape(observable)}")
    count = max((int(m.group(1)) for m in map(pattern.fullmatch, used) if m), default=0)
    return [f"{kind}{index + 1}_{observable}" for index in range(count)]


def _measurement(row: TableRow, placeholders: dict[str, tuple[list[str], list[str]]]) -> Measurement:
    observable = row.text("observableId")
    names = placeholders.get(observable, (None, None))  # an unknown observable is the problem's to name
    values = {
        **fill_placeholders(row, "observableParameters", names[0], observable),
        **fill_placeholders(row, "noiseParameters", names[1], observable),
    }
    return Measurement(
        observable=observable,
        experiment=experiment_name(*_conditions_of(row)),
        time=row.number("time"),
        value=row.number("measurement"),
        placeholders=values,
        replicate=row.text("replicateId"),
        source=row.place,
    )


def fill_placeholders(row: TableRow, column: str, names: list[str] | None, observable: str) -> dict[str, Expression]:
    """The values a measurement gives for the placeholders of its observable."""
    values = row.formulas(column) if names is not None else []
    names = names or []
    if len(values) != len(names):
        # A parameter of the model may bear a placeholder's name and stand for it where nothing is given.
        if not values:
            return {}
        raise ProblemError(
            [f"{row.place}: {column} has {len(values)} values; observable '{observable}' has {len(names)} placeholders"]
        )
    return dict(zip(names, values, strict=True))
