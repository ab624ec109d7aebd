"""PEtab 2: long condition table, experiments of periods, named placeholders, truncated priors."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from pathway.expressions import Expression
from pathway.fitting.priors import Prior
from pathway.fitting.problem import Experiment, Measurement, Observable, Parameter, Period, ProblemError

from ..sbml import SbmlModel
from .tables import Row, checked, each, read_tables, require
from .version1 import fill

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
    if len(models) != 1:
        raise ProblemError([f"{path}: {len(models)} models are listed; exactly one is supported"])
    name, entry = next(iter(models.items()))
    if entry.get("language") != "sbml":
        raise ProblemError([f"{path}: model '{name}' is in language '{entry.get('language')}'; only sbml is supported"])
    return str(entry["location"])


def names_given(content: Any, path: Path) -> set[str]:
    """What the tables give a value to, wholly or in some experiments."""
    rows = read_tables(path.parent, content.get("parameter_files"), ("parameterId",))
    conditions = read_tables(path.parent, content.get("condition_files"), ("conditionId", "targetId"))
    return {row.text("parameterId") for row in rows} | {row.text("targetId") for row in conditions}


def parts_of_problem(content: Any, path: Path, declared: SbmlModel) -> dict[str, Any]:
    """The parts of the problem that the tables listed in a PEtab 2 file describe, identifiers as they stand there."""
    extensions = content.get("extensions") or {}
    needed = [name for name, entry in extensions.items() if (entry or {}).get("required", True)]
    if needed:
        raise ProblemError([f"{path}: extension {', '.join(needed)} is not supported"])
    require(content, ("parameter_files", "measurement_files", "observable_files"), path)
    folder = path.parent
    rows = read_tables(
        folder, content.get("measurement_files"), ("observableId", "experimentId", "measurement", "time")
    )
    observable_rows = read_tables(
        folder, content.get("observable_files"), ("observableId", "observableFormula", "noiseFormula")
    )
    placeholders = {
        row.text("observableId"): (_names(row, "observablePlaceholders"), _names(row, "noisePlaceholders"))
        for row in observable_rows
    }
    parameter_rows = read_tables(folder, content.get("parameter_files"), ("parameterId", "estimate"))
    experiments = _experiments(
        read_tables(folder, content.get("condition_files"), ("conditionId", "targetId", "targetValue")),
        read_tables(folder, content.get("experiment_files"), ("experimentId", "time", "conditionId")),
    )
    mistakes: list[str] = [] if rows else [f"{path}: the measurement tables hold no measurements"]
    parameters = each(parameter_rows, _parameter, mistakes, "parameterId")
    observables = each(observable_rows, _observable, mistakes, "observableId")
    measurements = each(rows, lambda row: _measurement(row, placeholders), mistakes)
    if mistakes:
        raise ProblemError(mistakes)
    return dict(
        name=path.stem,
        model=declared.model,
        parameters=parameters,
        experiments=(*experiments, Experiment(WITHOUT_EXPERIMENT)),
        observables=observables,
        measurements=measurements,
        posterior=any(row.text("priorDistribution") for row in parameter_rows if _estimated(row)),
    )


def _names(row: Row, column: str) -> list[str]:
    return [name.strip() for name in row.text(column).split(";") if name.strip()]


def _experiments(condition_rows: list[Row], experiment_rows: list[Row]) -> list[Experiment]:
    conditions: dict[str, dict[str, Expression]] = {}
    for row in condition_rows:
        conditions.setdefault(row.text("conditionId"), {})[row.text("targetId")] = row.formula("targetValue")
    periods: dict[str, dict[float, dict[str, Expression]]] = {}
    for row in experiment_rows:
        at = periods.setdefault(row.text("experimentId"), {}).setdefault(row.number("time"), {})
        name = row.text("conditionId")
        if name and name not in conditions:
            raise ProblemError([f"{row.place}: no condition is called '{name}'"])
        doubled = at.keys() & conditions.get(name, {}).keys()
        if doubled:
            raise ProblemError([f"{row.place}: '{min(doubled)}' is set twice at the same time"])
        at.update(conditions.get(name, {}))
    return [Experiment(name, tuple(Period(start, at[start]) for start in sorted(at))) for name, at in periods.items()]


def _estimated(row: Row) -> bool:
    text = row.text("estimate").lower()
    if text not in ("true", "false", "1", "0"):
        raise ProblemError([f"{row.place}: estimate is '{text}'; expected true or false"])
    return text in ("true", "1")


def _parameter(row: Row) -> Parameter:
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
    return checked(row, parameter)


def _prior(row: Row, lower: float, upper: float) -> Prior:
    kind = row.text("priorDistribution")
    if kind not in _PRIORS:
        raise ProblemError([f"{row.place}: priorDistribution is '{kind}'; expected one of {', '.join(_PRIORS)}"])
    text = row.text("priorParameters")
    try:
        return Prior(_PRIORS[kind], tuple(float(part) for part in text.split(";")), lower=lower, upper=upper)
    except ValueError as mistake:
        raise ProblemError([f"{row.place}: priorParameters '{text}': {mistake}"]) from None


def _observable(row: Row) -> Observable:
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


def _measurement(row: Row, placeholders: dict[str, tuple[list[str], list[str]]]) -> Measurement:
    observable = row.text("observableId")
    names = placeholders.get(observable, (None, None))  # an unknown observable is the problem's to name
    return Measurement(
        observable=observable,
        experiment=row.text("experimentId") or WITHOUT_EXPERIMENT,
        time=row.number("time"),
        value=row.number("measurement"),
        placeholders={
            **fill(row, "observableParameters", names[0], observable),
            **fill(row, "noiseParameters", names[1], observable),
        },
        replicate=row.text("replicateId"),
        source=row.place,
    )
