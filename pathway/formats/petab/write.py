"""A `fitting.Problem` as PEtab 2 tables around an SBML model.

Version 2, because its experiments are rows of periods: cells rest, then are treated by one change after the other.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pathway.expressions import Expression, symbol, symbols, to_text
from pathway.expressions.calculus import substitute_all
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.simulation.protocol import Experiment

from ..errors import Unsupported
from ..experiment import identifier
from ..sbml.export import sbml_text
from ..sbml.names import SbmlIdentifiers
from ..sbml.notes import ModelNotes

_NOISE = {
    ("normal", "linear"): "normal",
    ("normal", "log"): "log-normal",
    ("laplace", "linear"): "laplace",
    ("laplace", "log"): "log-laplace",
}
"""PEtab's word for a distribution and the transformation before it."""

_PRIORS = {"normal": "normal", "log_normal": "log-normal", "uniform": "uniform", "laplace": "laplace"}

_COLUMNS = {
    "conditions": ("conditionId", "targetId", "targetValue"),
    "experiments": ("experimentId", "time", "conditionId"),
    "observables": (
        "observableId",
        "observableName",
        "observableFormula",
        "noiseFormula",
        "noiseDistribution",
        "observablePlaceholders",
        "noisePlaceholders",
    ),
    "measurements": ("observableId", "experimentId", "time", "measurement", "observableParameters", "noiseParameters"),
    "parameters": (
        "parameterId",
        "parameterName",
        "lowerBound",
        "upperBound",
        "nominalValue",
        "estimate",
        "priorDistribution",
        "priorParameters",
    ),
}

_OPTIONAL = frozenset(
    (
        *("observableName", "noiseDistribution", "observablePlaceholders", "noisePlaceholders"),
        *("observableParameters", "noiseParameters"),
        *("parameterName", "priorDistribution", "priorParameters"),
    )
)
"""Columns that are left out where nothing stands in them; the others stay, also in a table without rows."""


@dataclass
class _Tables:
    """Rows of each table, by file."""

    conditions: list[dict[str, Any]] = field(default_factory=list)
    experiments: list[dict[str, Any]] = field(default_factory=list)
    observables: list[dict[str, Any]] = field(default_factory=list)
    measurements: list[dict[str, Any]] = field(default_factory=list)
    parameters: list[dict[str, Any]] = field(default_factory=list)


def problem_files(problem: Problem, notes: ModelNotes) -> dict[str, str]:
    """A problem as files: tables, SBML model and last the YAML file; measurements that do not count are left out.

    Parameters
    ----------
    problem : Problem
    notes : ModelNotes
        Of the SBML model.

    Returns
    -------
    dict of file name to text

    Raises
    ------
    Unsupported
        For what PEtab has no words for: limits, normalizations, Student's t.
    """
    counted = tuple(m for m in problem.measurements if m.counted)
    _refuse(problem, counted)
    name, model = identifier(problem.name), problem.model
    ids = SbmlIdentifiers([*model.species, *model.parameters, *model.assignments, *model.observables])
    tables = _Tables()
    used = {m.experiment for m in counted}
    arms = {e.name: ids.fresh(f"arm_{identifier(e.name)}") for e in problem.experiments if e.name in used}
    starts = {e.name: _first(e) for e in problem.experiments}
    for experiment in problem.experiments:
        if experiment.name in used:
            _add_experiment(tables, experiment, arms[experiment.name])
    tables.parameters += [_parameter_row(p) for p in problem.parameters]
    observables = {o.name: o for o in problem.observables}
    groups: dict[str, list[Measurement]] = {}
    for m in counted:
        groups.setdefault(m.observable, []).append(m)
    for observable, own in groups.items():
        for written, members in _alike(observables[observable], own):
            _add_observable(tables, written, members, ids, arms, starts)
    return _files(tables, replace(model, name=name), name, notes)


def _refuse(problem: Problem, counted: Sequence[Measurement]) -> None:
    if limits := [m.source for m in counted if m.censored]:
        many = f"a point beyond a limit ({len(limits)} in all)"
        raise Unsupported(f"{limits[0]}: {many}: PEtab has no censored measurements")
    if normalized := [m.source for m in counted if m.normalization]:
        raise Unsupported(f"{normalized[0]}: a point relative to another one of the model's: PEtab has no words for it")
    for o in problem.observables:
        if (o.distribution, o.transformation) not in _NOISE:
            kind = f"{o.distribution.replace('_', ' ')} noise on the {o.transformation} scale"
            raise Unsupported(f"{problem.name}: observable '{o.name}' has {kind}, which PEtab 2 does not know")


def _first(experiment: Experiment) -> float:
    """Its first finite moment, which is PEtab's time 0."""
    return next((p.start for p in experiment.periods if math.isfinite(p.start)), 0.0)


def _add_experiment(tables: _Tables, experiment: Experiment, name: str) -> None:
    for number, period in enumerate(experiment.periods):
        rests = period.start == -math.inf
        time = "-inf" if rests else repr(float(period.start - _first(experiment)))
        condition = (f"{name}_rest" if rests else f"{name}_{number}") if period.changes else ""
        tables.experiments.append({"experimentId": name, "time": time, "conditionId": condition})
        for target, value in period.changes.items():
            row = {"conditionId": condition, "targetId": target, "targetValue": to_text(value)}
            tables.conditions.append(row)


def _parameter_row(p: Parameter) -> dict[str, Any]:
    row = {"parameterId": p.name, "parameterName": p.meaning or p.name, "nominalValue": p.value}
    if not p.estimated:
        return {**row, "estimate": "false"}
    row |= {"lowerBound": p.lower, "upperBound": p.upper, "estimate": "true"}
    if p.prior is None:
        return row
    distribution, numbers = _natural(p)
    if distribution not in _PRIORS:
        raise Unsupported(f"parameter '{p.name}': PEtab 2 has no prior '{p.prior.distribution}' of this kind")
    parameters = ";".join(repr(float(n)) for n in numbers)
    return {**row, "priorDistribution": _PRIORS[distribution], "priorParameters": parameters}


def _natural(p: Parameter) -> tuple[str, tuple[float, ...]]:
    """The prior as a distribution of the value itself: a normal one of its logarithm is log-normal."""
    assert p.prior is not None
    if not p.prior.on_scale or p.scale == "linear":
        return p.prior.distribution, p.prior.numbers
    unit = math.log(10.0) if p.scale == "log10" else 1.0
    distribution = {"normal": "log_normal", "laplace": "log_laplace"}.get(p.prior.distribution, "")
    return distribution, tuple(unit * n for n in p.prior.numbers)


# Observables: a placeholder takes a number or a parameter; a longer formula makes an observable of its own


def _alike(observable: Observable, own: Sequence[Measurement]) -> list[tuple[Observable, list[Measurement]]]:
    """The observable as often as its formulas differ by more than numbers and parameters."""
    names = {name for m in own for name in m.placeholders}
    simple = {n for n in names if all(_is_simple(m.placeholders.get(n)) for m in own)}
    groups: dict[tuple, tuple[Observable, list[Measurement]]] = {}
    for m in own:
        put = {n: e for n, e in m.placeholders.items() if n not in simple}
        formula, noise = substitute_all([observable.formula, observable.noise], put)
        key = (id(formula), id(noise))
        groups.setdefault(key, (replace(observable, formula=formula, noise=noise), []))[1].append(m)
    return list(groups.values())


def _is_simple(formula: Expression | None) -> bool:
    return formula is not None and formula.operator in ("number", "symbol")


def _add_observable(
    tables: _Tables,
    observable: Observable,
    own: Sequence[Measurement],
    ids: SbmlIdentifiers,
    arms: Mapping[str, str],
    starts: Mapping[str, float],
) -> None:
    name = ids.fresh(f"measured_{identifier(observable.name)}")
    placeholders = dict.fromkeys(n for m in own for n in m.placeholders)
    of_formula = [n for n in placeholders if n in symbols(observable.formula)]
    of_noise = [n for n in placeholders if n in symbols(observable.noise) and n not in of_formula]
    fresh = {n: ids.fresh(n) for n in (*of_formula, *of_noise)}
    renamed = substitute_all([observable.formula, observable.noise], {n: symbol(new) for n, new in fresh.items()})
    tables.observables.append(
        {
            "observableId": name,
            "observableName": observable.name,
            "observableFormula": to_text(renamed[0]),
            "noiseFormula": to_text(renamed[1]),
            "noiseDistribution": _NOISE[observable.distribution, observable.transformation],
            "observablePlaceholders": ";".join(fresh[n] for n in of_formula),
            "noisePlaceholders": ";".join(fresh[n] for n in of_noise),
        }
    )
    for m in own:
        tables.measurements.append(
            {
                "observableId": name,
                "experimentId": arms[m.experiment],
                "time": m.time - starts[m.experiment],
                "measurement": m.value,
                "observableParameters": ";".join(to_text(m.placeholders[n]) for n in of_formula),
                "noiseParameters": ";".join(to_text(m.placeholders[n]) for n in of_noise),
            }
        )


# Files


def _files(tables: _Tables, model: Any, name: str, notes: ModelNotes) -> dict[str, str]:
    """Texts by file name; the YAML file, which names the others, is the last."""
    import yaml

    content = {
        "format_version": "2.0.0",
        "model_files": {name: {"language": "sbml", "location": f"{name}.xml"}},
        **{f"{table.removesuffix('s')}_files": [f"{table}.tsv"] for table in _COLUMNS},
    }
    return {
        f"{name}.xml": sbml_text(model, notes=notes),
        **{f"{table}.tsv": _table_text(columns, getattr(tables, table)) for table, columns in _COLUMNS.items()},
        f"{name}.yaml": yaml.safe_dump(content, sort_keys=False),
    }


def _table_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Tab-separated, with its header."""
    rows = list(rows)
    kept = [c for c in columns if c not in _OPTIONAL or any(row.get(c, "") != "" for row in rows)]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, kept, delimiter="\t", extrasaction="ignore", restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
