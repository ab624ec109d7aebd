"""A scenario with its measurements as a PEtab 2 problem.

Version 2, because its experiments are rows of periods: each arm rests untreated until nothing changes any more, then
gets its doses one after the other as changes of species and parameters, exactly as the scenario gives them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.expressions import multiply, symbol, symbols
from pathway.scenario import built_in_laboratory, read_scenario, run_scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.measurements import comparison
from pathway.scenario.result import Result
from pathway.scenario.run import Dish, dishes

from ..errors import FormatError, Unsupported
from ..experiment import circuit_notes, identifier
from ..sbml.export import write_sbml
from ..sbml.names import Names

COUNTING = "counting"
"""Parameter that holds pure outputs (the number of cells) still while the cells come to rest."""

_FREE = 1e3
"""A scale may be this many times larger or smaller than its nominal value; offsets and noise likewise."""


@dataclass
class _Tables:
    """Rows of each table, by file."""

    conditions: list[dict[str, Any]] = field(default_factory=list)
    experiments: list[dict[str, Any]] = field(default_factory=list)
    observables: list[dict[str, Any]] = field(default_factory=list)
    measurements: list[dict[str, Any]] = field(default_factory=list)
    parameters: list[dict[str, Any]] = field(default_factory=list)


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
    "parameters": ("parameterId", "parameterName", "lowerBound", "upperBound", "nominalValue", "estimate"),
}


def export_scenario(name: str, out: str | Path) -> Path:
    """Write a scenario and its measurements as a PEtab 2 problem.

    Parameters
    ----------
    name : str
        A scenario's name or file.
    out : str or Path
        Folder of the tables, the SBML model and the YAML file; made if it is not there.

    Returns
    -------
    Path
        The YAML file.

    Raises
    ------
    FormatError
        If the scenario has no measurements, or some that PEtab has no words for.
    ScenarioError
        If the scenario or its measurements cannot be read.

    Notes
    -----
    Estimated are the circuit's parameters that have a range, except those that an arm changes and those that are
    anchored to another quantity: their numbers stand in the model and in the conditions. Arbitrary units become a
    scale (and, scaled to 0-1, an offset) with the best value at the scenario's own parameters as nominal value.
    Time 0 of the problem is the scenario's first moment. doi 10.1371/journal.pcbi.1008646.
    """
    scenario = read_scenario(_scenario_name(name))
    if not scenario.overlays:
        raise FormatError(
            f"scenario '{scenario.name}' has no measurements, which a PEtab problem needs: add a [data] table"
        )
    laboratory = built_in_laboratory()
    result = run_scenario(scenario, laboratory)
    _refuse_censored(result)
    model = _model(scenario.name, laboratory, laboratory.parameters_of(scenario.cells, scenario.file.parent))
    ids = Names([*model.species, *model.parameters, *model.assignments, *model.observables])
    tables = _Tables()
    arms = {arm.name: ids.fresh(f"arm_{identifier(arm.name)}") for arm in scenario.arms}
    measured = {point.arm for point in result.measurements}
    for dish in dishes(scenario, [a for a in scenario.arms if a.name in measured], laboratory):
        _add_experiment(tables, dish, arms[dish.arm.name], model, scenario.start)
    changed = {row["targetId"] for row in tables.conditions}
    _add_model_parameters(tables, model, changed, _ranges(scenario.cells, scenario.file.parent))
    for observable in dict.fromkeys(point.observable for point in result.measurements):
        _Readings(result, observable, ids, arms).add_to(tables)
    return _write(tables, model, Path(out), identifier(scenario.name), scenario.title)


def _scenario_name(name: str) -> str:
    from pathway.parameters import cell_lines

    if name in cell_lines():
        raise FormatError(f"'{name}' is a cell line; a PEtab problem is made from a scenario with measurements")
    return name


def _refuse_censored(result: Result) -> None:
    places = [point.place for point in result.measurements if not point.measured]
    if places:
        raise Unsupported(
            f"{places[0]}: a point beyond a limit ({len(places)} in all): PEtab has no censored measurements"
        )


# The model


def _model(name: str, laboratory: Laboratory, values: np.ndarray) -> Model:
    """The scenario's cells before they rest; their outputs move only where `COUNTING` is 1."""
    circuit = laboratory.model
    moved_by = {r for species in circuit.outputs for r in circuit.stoichiometry.get(species, {})}
    others = {r for s, f in circuit.stoichiometry.items() if s not in circuit.outputs for r in f}
    if moved_by & others or circuit.outputs & circuit.rate_rules.keys():
        raise Unsupported(f"{circuit.name}: outputs {', '.join(sorted(circuit.outputs))} do not move on their own")
    rates = {n: multiply(symbol(COUNTING), r) if n in moved_by else r for n, r in circuit.rates.items()}
    return replace(
        circuit,
        name=identifier(name),
        parameters=(*circuit.parameters, COUNTING),
        parameter_values=np.append(values, 1.0),
        rates=rates,
        units={**circuit.units, COUNTING: "1"},
    )


def _ranges(cells: str, folder: Path) -> Mapping[str, tuple[float, float]]:
    """Lowest and highest plausible value of the parameters that are chosen, not anchored."""
    from pathway.parameters import anchors, reference
    from pathway.scenario.shelf import line_of_cells

    entries = {**reference(), **line_of_cells(cells, folder).entries}
    anchored = {anchor.parameter for anchor in anchors()}
    return {n: entry.range for n, entry in entries.items() if n not in anchored}


def _add_model_parameters(
    tables: _Tables, model: Model, changed: set[str], ranges: Mapping[str, tuple[float, float]]
) -> None:
    """Parameters that the course or the rest depends on; fixed where the range holds nothing else than the value."""
    from pathway.network import circuit

    words = {parameter.name: parameter.meaning for parameter in circuit().parameters}
    moving = symbols(*model.closed([*model.rates.values(), *model.initial.values(), *model.observables.values()]))
    for name, value in zip(model.parameters, map(float, model.parameter_values), strict=True):
        if name not in ranges or name in changed or name not in moving:
            continue
        lower, upper = ranges[name]
        free = lower < upper and lower <= value <= upper
        tables.parameters.append(_parameter(name, value, (lower, upper) if free else None, words.get(name, "")))


def _parameter(name: str, value: float, bounds: tuple[float, float] | None, words: str = "") -> dict[str, Any]:
    row = {"parameterId": name, "parameterName": words or name, "nominalValue": value}
    if bounds is None:
        return {**row, "estimate": "false"}
    return {**row, "lowerBound": bounds[0], "upperBound": bounds[1], "estimate": "true"}


# Arms


def _add_experiment(tables: _Tables, dish: Dish, name: str, model: Model, start: float) -> None:
    """Rest with the arm's own numbers, then one period for each moment at which something is done."""
    own = {
        parameter: repr(float(value))
        for parameter, value, usual in zip(model.parameters, dish.parameters, model.parameter_values, strict=False)
        if value != usual
    }
    periods: dict[float, dict[str, str]] = {0.0: {COUNTING: "1"}}
    for act in dish.interventions:
        changes = periods.setdefault(act.time - start, {})
        # The order in which an intervention acts: set, scale, add.
        for target, value in (act.set or {}).items():
            changes[target] = repr(float(value))
        for target, factor in (act.scale or {}).items():
            changes[target] = f"({changes.get(target, target)}) * {float(factor)!r}"
        for target, more in (act.add or {}).items():
            changes[target] = f"{changes.get(target, target)} + {float(more)!r}"
    _add_period(tables, name, "-inf", f"{name}_rest", {COUNTING: "0", **own})
    for number, time in enumerate(sorted(periods)):
        _add_period(tables, name, repr(time), f"{name}_{number}", periods[time])


def _add_period(tables: _Tables, experiment: str, time: str, condition: str, changes: Mapping[str, str]) -> None:
    tables.experiments.append({"experimentId": experiment, "time": time, "conditionId": condition})
    for target, value in changes.items():
        tables.conditions.append({"conditionId": condition, "targetId": target, "targetValue": value})


# Measurements


class _Readings:
    """All points of one observable: how the model's curve comes to their axis, and how they scatter."""

    def __init__(self, result: Result, observable: str, ids: Names, arms: Mapping[str, str]) -> None:
        self.observable, self.ids, self.arms = observable, ids, arms
        self.points = [p for p in result.measurements if p.observable == observable]
        self.start = result.scenario.start
        self.shared_by = result.scenario.overlays[self.points[0].table].scale_shared_by
        self.scale, self.offset = _line(result, observable)
        curves = [result.arms[p.arm] for p in self.points]
        model = [
            np.interp(p.time, arm.times, np.asarray(arm.trajectory[observable]))
            for p, arm in zip(self.points, curves, strict=True)
        ]
        self.misses = np.array([p.value for p in self.points]) - (self.offset + self.scale * np.array(model))

    def add_to(self, tables: _Tables) -> None:
        """The rows of this observable."""
        name = self.ids.fresh(f"measured_{self.observable}")
        formula, scales, place = self._formula(tables)
        noise, noises = self._noise(tables)
        given = any(p.error for p in self.points)
        tables.observables.append(
            {
                "observableId": name,
                "observableName": self.observable,
                "observableFormula": formula,
                "noiseFormula": noise,
                "noiseDistribution": "normal",
                "observablePlaceholders": place,
                "noisePlaceholders": noise if given else "",
            }
        )
        for point, scale, scatter in zip(self.points, scales, noises, strict=True):
            tables.measurements.append(
                {
                    "observableId": name,
                    "experimentId": self.arms[point.arm],
                    "time": point.time - self.start,
                    "measurement": point.value,
                    "observableParameters": scale,
                    "noiseParameters": scatter,
                }
            )

    def _formula(self, tables: _Tables) -> tuple[str, list[str], str]:
        """Formula, what each point gives for its placeholder, and the placeholder."""
        nothing = [""] * len(self.points)
        if (self.scale, self.offset) == (1.0, 0.0):
            return self.observable, nothing, ""
        formula = ""
        if self.offset:
            offset = self.ids.fresh(f"offset_{self.observable}")
            width = 10.0 * max(abs(self.offset), *(abs(p.value) for p in self.points))
            words = f"what a reading of {self.observable} shows at zero"
            tables.parameters.append(_parameter(offset, self.offset, (-width, width), words))
            formula = f"{offset} + "
        groups = [getattr(p, self.shared_by) if self.shared_by in ("gel", "replicate") else "" for p in self.points]
        made = {group: self._scale(tables, group) for group in dict.fromkeys(groups)}
        if len(made) == 1:
            return f"{formula}{made[groups[0]]} * {self.observable}", nothing, ""
        place = self.ids.fresh(f"scale_of_{self.observable}")
        return f"{formula}{place} * {self.observable}", [made[group] for group in groups], place

    def _scale(self, tables: _Tables, group: str) -> str:
        name = self.ids.fresh("_".join(filter(None, ["scale", self.observable, group and identifier(group)])))
        words = f"units of the reading per unit of {self.observable}" + (f", {self.shared_by} {group}" if group else "")
        tables.parameters.append(_parameter(name, self.scale, (self.scale / _FREE, self.scale * _FREE), words))
        return name

    def _noise(self, tables: _Tables) -> tuple[str, list[str]]:
        """Noise formula, and what each point gives for it: its own error, or a common one to be estimated."""
        common = ""
        if not all(p.error for p in self.points):
            common = self.ids.fresh(f"sigma_{self.observable}")
            largest = max(abs(p.value) for p in self.points) or 1.0
            value = max(float(np.sqrt(np.mean(self.misses**2))), 1e-3 * largest)
            words = f"standard deviation of {self.observable}"
            tables.parameters.append(_parameter(common, value, (value / _FREE, value * _FREE), words))
        if not any(p.error for p in self.points):
            return common, [""] * len(self.points)
        place = self.ids.fresh(f"noise_of_{self.observable}")
        return place, [repr(float(p.error)) if p.error else common for p in self.points]


def _line(result: Result, observable: str) -> tuple[float, float]:
    """Factor and offset that bring the model's curve onto the axis of the measured values as the file has them."""
    of_curve, of_value = comparison(result, observable)
    low, high = (float(of_curve(np.asarray(x))) for x in (0.0, 1.0))
    zero, one = of_value(0.0), of_value(1.0)
    return (high - low) / (one - zero), (low - zero) / (one - zero)


# Files


def _write(tables: _Tables, model: Model, out: Path, name: str, title: str) -> Path:
    import yaml

    out.mkdir(parents=True, exist_ok=True)
    write_sbml(model, out / f"{name}.xml", notes=replace(circuit_notes(), title=title))
    for table, columns in _COLUMNS.items():
        _write_table(out / f"{table}.tsv", columns, getattr(tables, table))
    content = {
        "format_version": "2.0.0",
        "model_files": {name: {"language": "sbml", "location": f"{name}.xml"}},
        **{f"{table.removesuffix('s')}_files": [f"{table}.tsv"] for table in _COLUMNS},
    }
    path = out / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Tab-separated; columns in which nothing stands are left out."""
    rows = list(rows)
    kept = [c for c in columns if any(row.get(c, "") != "" for row in rows)]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, kept, delimiter="\t", extrasaction="ignore", restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
