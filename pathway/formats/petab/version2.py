"""PEtab 2: long condition table, experiments of periods, named placeholders, truncated priors."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from pathway.errors import did_you_mean
from pathway.expressions import Expression
from pathway.fitting.priors import Prior
from pathway.fitting.problem import Measurement, Observable, Parameter, ProblemError
from pathway.simulation.protocol import Experiment, Period

from ..sbml import SbmlModel
from .tables import (
    TableRow,
    check_lists,
    checked_parameter,
    each_row,
    identifier,
    read_tables,
    require_tables,
    table_or_empty,
)
from .version1 import fill_placeholders

TABLES = ("parameter", "condition", "experiment", "measurement", "observable", "mapping")
_NOISE = {
    "": ("normal", "linear"),
    "normal": ("normal", "linear"),
    "laplace": ("laplace", "linear"),
    "log-normal": ("normal", "log"),
    "log-laplace": ("laplace", "log"),
}
_PRIORS = {
    "cauchy": "cauchy",
    "chisquare": "chi_squared",
    "exponential": "exponential",
    "gamma": "gamma",
    "laplace": "laplace",
    "log-laplace": "log_laplace",
    "log-normal": "log_normal",
    "log-uniform": "log_uniform",
    "normal": "normal",
    "rayleigh": "rayleigh",
    "uniform": "uniform",
}
WITHOUT_EXPERIMENT = "model as it is"


def model_file(content: Any, path: Path) -> str:
    """The SBML file of a PEtab 2 problem."""
    models = content.get("model_files") or {}
    if not isinstance(models, dict) or not all(isinstance(entry, dict) for entry in models.values()):
        raise ProblemError([f"{path}: model_files is '{str(models)[:40]}'; expected a table of models"])
    check_lists(content, [f"{kind}_files" for kind in TABLES], path)
    if len(models) != 1:
        raise ProblemError([f"{path}: {len(models)} models are listed; exactly one is supported"])
    name, entry = next(iter(models.items()))
    if entry.get("language") != "sbml":
        raise ProblemError([f"{path}: model '{name}' is in language '{entry.get('language')}'; only sbml is supported"])
    if not isinstance(entry.get("location"), str):
        raise ProblemError([f"{path}: model '{name}' has no location; expected the name of its file"])
    return str(entry["location"])


def ids_with_values(content: Any, path: Path) -> set[str]:
    """What the tables give a value to, wholly or in some experiments."""
    rows = read_tables(path.parent, content.get("parameter_files"), ("parameterId",))
    conditions = read_tables(path.parent, content.get("condition_files"), ("conditionId", "targetId"))
    return {row.text("parameterId") for row in rows} | {row.text("targetId") for row in conditions}


def parts_of_problem(content: Any, path: Path, declared: SbmlModel) -> dict[str, Any]:
    """The parts of the problem that the tables listed in a PEtab 2 file describe, identifiers as they stand there."""
    extensions = content.get("extensions") or {}
    if not isinstance(extensions, dict):
        raise ProblemError([f"{path}: extensions is '{str(extensions)[:40]}'; expected a table"])
    needed = [name for name, entry in extensions.items() if table_or_empty(entry).get("required", True)]
    if needed:
        raise ProblemError([f"{path}: extension {', '.join(needed)} is not supported"])
    require_tables(content, ("parameter_files", "measurement_files", "observable_files"), path)
    folder = path.parent
    mistakes: list[str] = []

    def table(kind: str, *columns: str) -> list[TableRow]:
        return read_tables(folder, content.get(f"{kind}_files"), columns, mistakes)

    rows = table("measurement", "observableId", "experimentId", "measurement", "time")
    observable_rows = table("observable", "observableId", "observableFormula", "noiseFormula")
    parameter_rows = table("parameter", "parameterId", "estimate")
    experiments = _experiments(
        table("condition", "conditionId", "targetId", "targetValue"),
        table("experiment", "experimentId", "time", "conditionId"),
        mistakes,
    )
    if not rows and not mistakes:
        mistakes.append(f"{path}: the measurement tables hold no measurements")
    parameters = each_row(parameter_rows, _parameter, mistakes, "parameterId")
    observables = each_row(observable_rows, _observable, mistakes, "observableId")
    placeholders = {
        row.text("observableId"): (_names(row, "observablePlaceholders"), _names(row, "noisePlaceholders"))
        for row in reversed(observable_rows)
    }
    wrong: list[str] = []
    measurements = each_row(rows, lambda row: _measurement(row, placeholders), wrong)
    if mistakes:
        raise ProblemError([*mistakes, *wrong])
    return dict(
        name=path.stem,
        model=declared.model,
        parameters=parameters,
        experiments=(*experiments, Experiment(WITHOUT_EXPERIMENT)),
        observables=observables,
        measurements=measurements,
        wrong_measurements=wrong,
        posterior=any(row.text("priorDistribution") for row in parameter_rows if _estimated(row)),
    )


def _names(row: TableRow, column: str) -> list[str]:
    return [name.strip() for name in row.text(column).split(";") if name.strip()]


def _experiments(
    condition_rows: list[TableRow], experiment_rows: list[TableRow], mistakes: list[str]
) -> list[Experiment]:
    conditions: dict[str, dict[str, Expression]] = {}

    def target(row: TableRow) -> None:
        changes = conditions.setdefault(row.text("conditionId"), {})
        identifier(row, "conditionId")
        name = identifier(row, "targetId")
        if name in changes:
            raise ProblemError([f"{row.place}: condition '{row.text('conditionId')}' sets '{name}' twice"])
        changes[name] = row.formula("targetValue")

    periods: dict[str, dict[float, dict[str, Expression]]] = {}

    def period(row: TableRow) -> None:
        starts = periods.setdefault(row.text("experimentId"), {})
        identifier(row, "experimentId")
        at = starts.setdefault(row.number("time"), {})
        name = row.text("conditionId")
        if name and name not in conditions:
            raise ProblemError([f"{row.place}: no condition is called '{name}'.{did_you_mean(name, conditions)}"])
        if doubled := at.keys() & conditions.get(name, {}).keys():
            raise ProblemError([f"{row.place}: '{min(doubled)}' is set twice at the same time"])
        at.update(conditions.get(name, {}))

    each_row(condition_rows, target, mistakes)
    each_row(experiment_rows, period, mistakes)
    return [Experiment(name, tuple(Period(start, at[start]) for start in sorted(at))) for name, at in periods.items()]


def _estimated(row: TableRow) -> bool:
    text = row.text("estimate").lower()
    if text not in ("true", "false", "1", "0"):
        raise ProblemError([f"{row.place}: estimate is '{text}'; expected true or false"])
    return text in ("true", "1")


def _parameter(row: TableRow) -> Parameter:
    lower, upper = row.number("lowerBound", -math.inf), row.number("upperBound", math.inf)
    estimated = _estimated(row)
    parameter = Parameter(
        name=row.text("parameterId"),
        value=row.number("nominalValue", math.nan),
        lower=lower,
        upper=upper,
        # PEtab 2 leaves the scale to the program: bounds over more than two decades are searched logarithmically.
        scale="log10" if 0.0 < lower and lower * 100.0 < upper < math.inf else "linear",
        estimated=estimated,
        prior=_prior(row, lower, upper) if estimated and row.text("priorDistribution") else None,
        meaning=row.text("parameterName"),
    )
    return checked_parameter(row, parameter)


def _prior(row: TableRow, lower: float, upper: float) -> Prior:
    kind = row.text("priorDistribution")
    if kind not in _PRIORS:
        raise ProblemError([f"{row.place}: priorDistribution is '{kind}'; expected one of {', '.join(_PRIORS)}"])
    text = row.text("priorParameters")
    try:
        return Prior(_PRIORS[kind], tuple(float(part) for part in text.split(";")), lower=lower, upper=upper)
    except ValueError as mistake:
        raise ProblemError([f"{row.place}: priorParameters '{text}': {mistake}"]) from None


def _observable(row: TableRow) -> Observable:
    kind = row.text("noiseDistribution")
    if kind not in _NOISE:
        raise ProblemError([f"{row.place}: noiseDistribution is '{kind}'; expected one of {', '.join(_NOISE)}"])
    distribution, transformation = _NOISE[kind]
    return Observable(
        name=row.text("observableId"),
        formula=row.formula("observableFormula"),
        noise=row.formula("noiseFormula"),
        distribution=distribution,
        transformation=transformation,
    )


def _measurement(row: TableRow, placeholders: dict[str, tuple[list[str], list[str]]]) -> Measurement:
    observable = row.text("observableId")
    names = placeholders.get(observable, (None, None))  # an unknown observable is the problem's to name
    return Measurement(
        observable=observable,
        experiment=row.text("experimentId") or WITHOUT_EXPERIMENT,
        time=row.number("time"),
        value=row.number("measurement"),
        placeholders={
            **fill_placeholders(row, "observableParameters", names[0], observable),
            **fill_placeholders(row, "noiseParameters", names[1], observable),
        },
        replicate=row.text("replicateId"),
        source=row.place,
    )
